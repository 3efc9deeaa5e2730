import gzip
import lzma

import pytest
from hyenadna_biotype.genes import Gene, read_annotation

from hyenadna_core import HyenaDNAError

LINE = 'chr1\tx\tgene\t11\t20\t.\t-\t.\tgene_id "A"; gene_biotype "lncRNA";\n'


def read(tmp_path, text, name="a.gtf"):
    (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_annotation(tmp_path / name)


def test_a_gene_of_a_gtf_counts_from_0(tmp_path):
    exon = LINE.replace("\tgene\t", "\texon\t")
    annotation = read(tmp_path, f"#!genome-build x\n\n{LINE}{exon}")
    assert list(annotation.genes) == [Gene("A", "chr1", 10, 20, "-", "lncRNA")]


@pytest.mark.parametrize(
    ("attributes", "name", "biotype"),
    [
        ('gene_name "B"; gene_biotype "protein_coding"; level 2;', "B", "protein_coding"),
        ('gene_id "E1"; gene_type "rRNA"; gene_name "B";', "E1", "rRNA"),
        ("ID=gene:E1;Name=B;biotype=miRNA", "gene:E1", "miRNA"),
        ("ID=E1;gene_biotype=lncRNA;gene_type=other", "E1", "lncRNA"),
        ("Name=two%20words;gene_type=x", "two_words", "x"),
        ("gene_type=x", "chr1:11-20", "x"),
        ("description=kinase; alpha subunit;gene_id=E1;gene_biotype=x", "E1", "x"),
        ("ID=E1;partial;gene_biotype=x;pseudo", "E1", "x"),
        ('ID=E1;gene_biotype=x;description=aminoglycoside (3")-phosphotransferase', "E1", "x"),
        ("ID=E1%2C2;Name=B,C;gene_biotype=a%3Bb", "E1,2", "a;b"),
        ('ID="E1";gene_biotype="x"', "E1", "x"),
        ("ID=E1;ID=E2;gene_biotype=x=y", "E1", "x=y"),
        ('gene_id "A";description "kinase; alpha";gene_biotype "miRNA";', "A", "miRNA"),
        ('gene_id "A" ; gene_biotype "miRNA"', "A", "miRNA"),
        ('gene_id "A=B"; gene_biotype "x";', "A=B", "x"),
        ('gene_id "A,B"; gene_biotype "x,y";', "A,B", "x,y"),
        ('note "a (3")-b; c"; gene_id "A%2C"; transcript_id ""; gene_biotype "x";', "A%2C", "x"),
        ("level 2; pseudo; gene_id A; gene_biotype x;", "A", "x"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_names_and_biotypes_of_gtf_and_gff3(attributes, name, biotype, end, tmp_path):
    (gene,) = read(tmp_path, LINE.rpartition("\t")[0] + f"\t{attributes}{end}").genes
    assert (gene.name, gene.biotype) == (name, biotype)


@pytest.mark.parametrize("kind", ["tRNA_gene", "transposable_element_gene", "V_gene_segment"])
def test_other_kinds_of_genes_are_read_unless_they_are_parts_of_a_gene(kind, tmp_path):
    line = LINE.rpartition("\t")[0].replace("\tgene\t", f"\t{kind}\t")
    genes = read(tmp_path, f"{LINE}{line}\tID=B;gene_biotype=x\n{line}\tID=C;Parent=B;gene_biotype=x\n").genes
    assert [gene.name for gene in genes] == ["A", "B"]


@pytest.mark.parametrize("first", [True, False])
def test_a_pseudogene_whose_parent_is_a_gene_is_a_part_of_it(first, tmp_path):
    before, line = LINE.rpartition("\t")[0], LINE.rpartition("\t")[0].replace("\tgene\t", "\tpseudogene\t")
    gene, part = f"{before}\tID=B;gene_biotype=x\n", f"{line}\tID=C;Parent=other,B;gene_biotype=x\n"
    assert [each.name for each in read(tmp_path, gene + part if first else part + gene).genes] == ["B"]


@pytest.mark.parametrize("kind", ["gene", "pseudogene", "tRNA_gene"])
def test_a_gene_of_an_operon_is_read(kind, tmp_path):
    before = LINE.rpartition("\t")[0]
    operon = before.replace("\tgene\t", "\toperon\t") + "\tID=operon1\n"
    gene = before.replace("\tgene\t", f"\t{kind}\t") + "\tID=B;Parent=operon1;gene_biotype=x\n"
    assert [each.name for each in read(tmp_path, operon + gene).genes] == ["B"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ID=gene-rps12;exception=trans-splicing;part=1/2", "ID=gene-rps12;exception=trans-splicing;part=2/2"),
        ("ID=gene-rps12", "ID=gene-rps12"),
        ('gene_id "gene-rps12"; part "1"', 'gene_id "gene-rps12"; part "2"'),
    ],
)
def test_a_gene_on_two_lines_is_one_in_several_parts(one, other, tmp_path):
    before, label = LINE.rpartition("\t")[0], ";gene_biotype=x" if "=" in one else '; gene_biotype "x"'
    text = f"{before}\t{one}{label}\n{before.replace('20', '30')}\t{other}{label}\n"
    annotation = read(tmp_path, text + LINE.replace("11", "12"))
    assert [(gene.name, gene.in_parts) for gene in annotation.genes] == [("gene-rps12", True), ("A", False)]
    assert annotation.repeated == 0


def test_genes_on_two_contigs_may_have_one_id(tmp_path):
    line = LINE.rpartition("\t")[0] + "\tID=g1;gene_biotype=x\n"
    genes = read(tmp_path, line + line + line.replace("chr1", "chr2")).genes
    assert [(gene.chrom, gene.in_parts) for gene in genes] == [("chr1", False), ("chr2", False)]


def test_a_byte_order_mark_is_not_read(tmp_path):
    plain, marked = read(tmp_path, LINE), read(tmp_path, b"\xef\xbb\xbf" + LINE.encode())
    assert marked.genes == plain.genes
    assert read(tmp_path, "\ufeff#!genome-build x\n" + LINE).genes == plain.genes


@pytest.mark.parametrize("kind", ["gene", "ncRNA_gene", "pseudogene"])
def test_the_kinds_of_genes_of_ensembl_are_read(kind, tmp_path):
    assert len(read(tmp_path, LINE + LINE.replace("\tgene\t", f"\t{kind}\t").replace('"A"', '"B"')).genes) == 2


def test_a_gzip_file_has_the_same_genes_and_the_same_checksum(tmp_path):
    plain, packed = read(tmp_path, LINE), read(tmp_path, gzip.compress(LINE.encode()), "a.gtf.gz")
    assert (plain.genes, plain.sha256) == (packed.genes, packed.sha256)
    assert read(tmp_path, LINE.replace("20", "21")).sha256 != plain.sha256


@pytest.mark.parametrize(
    "attributes",
    [
        ' gene_id "A"; gene_biotype "lncRNA";',
        'gene_biotype "lncRNA"; gene_id "A"; ',
        " gene_biotype=lncRNA;ID=A",
        "ID=A;gene_biotype=lncRNA; ",
        "ID=A; gene_biotype=lncRNA;",
    ],
)
def test_blanks_around_attributes_do_not_matter(tmp_path, attributes):
    (gene,) = read(tmp_path, "\t".join([*LINE.split("\t")[:8], attributes])).genes
    assert (gene.name, gene.biotype) == ("A", "lncRNA")


def test_line_ends_of_old_macs_are_read(tmp_path):
    assert read(tmp_path, f"##gtf\n{LINE}".replace("\n", "\r")).genes == read(tmp_path, LINE, "b.gtf").genes


def test_sequences_at_the_end_of_a_gff3_are_not_read(tmp_path):
    assert len(read(tmp_path, f"{LINE}##FASTA\n>chr1\nACGT\n").genes) == 1


def test_names_that_come_twice_get_their_place_and_repeated_lines_are_counted(tmp_path):
    annotation = read(tmp_path, LINE + LINE + LINE.replace("chr1", "chr2"))
    assert [gene.name for gene in annotation.genes] == ["A|chr1:11-20-|lncRNA", "A|chr2:11-20-|lncRNA"]
    assert annotation.repeated == 1


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("chr1\tx\tgene\t1\t9\n", "a.gtf:2: expected 9 columns with tabs between them, found 5: mend it."),
        ("chr1\tx\texon\t1\t9\n", "a.gtf:2: expected 9 columns with tabs between them, found 5: mend it."),
        (LINE[:-1] + "\tx\n", "a.gtf:2: expected 9 columns with tabs between them, found 10: mend it."),
        (LINE.replace("11", "0"), "a.gtf:2: '0' to '20' are no positions: mend the line."),
        (LINE.replace("11", "21"), "a.gtf:2: '21' to '20' are no positions: mend the line."),
        (LINE.replace("20", "2e1"), "a.gtf:2: '11' to '2e1' are no positions: mend the line."),
    ],
)
def test_a_damaged_line_is_named(line, message, tmp_path):
    line = line if isinstance(line, bytes) else line.encode()
    with pytest.raises(HyenaDNAError) as error:
        read(tmp_path, LINE.encode() + line)
    assert str(error.value) == f"{tmp_path}/{message}"


@pytest.mark.parametrize(
    "line",
    [
        'track name="genes" description="of a browser"\n',
        "browser position chr1:1-100\n",
        LINE.replace("\tgene\t11", "\texon\t0"),
        LINE.replace("\tgene\t11\t20", "\texon\t.\t."),
        LINE.replace("\tgene\t", "\texon\t").replace(";", "\t"),
    ],
)
def test_a_line_of_something_else_does_not_stop_the_reading(line, tmp_path):
    assert read(tmp_path, line + LINE).genes == read(tmp_path, LINE, "b.gtf").genes


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (LINE.replace("gene_biotype", "kind"), "none of its 1 genes has an attribute gene_biotype, gene_type, biotype"),
        (LINE.replace("\tgene\t", "\texon\t"), "has no line whose column 3 ends in gene or gene_segment: give"),
        ("", "has no line whose column 3 ends in gene"),
        (gzip.compress(LINE.encode() * 99, mtime=0)[:40], "a.gtf is truncated or damaged: "),
        (lzma.compress(LINE.encode()), "a.gtf is compressed with xz, which is not read: unpack it"),
        (LINE.encode() + b"chr1\t\xff\n", "a.gtf, after line [01]: byte 0xff is not UTF-8: save it as UTF-8"),
    ],
)
def test_a_file_without_genes_or_biotypes_is_one_line(text, message, tmp_path):
    with pytest.raises(HyenaDNAError, match=message) as error:
        read(tmp_path, text)
    assert "\n" not in str(error.value)


def test_a_missing_file_and_a_folder_are_one_line(tmp_path):
    with pytest.raises(HyenaDNAError, match=r"Cannot read .*none.gtf: No such file"):
        read_annotation(tmp_path / "none.gtf")
    with pytest.raises(HyenaDNAError, match="it is a folder, not a file"):
        read_annotation(tmp_path)
