"""The model: filters, operator, blocks, backbone, language model, heads."""
