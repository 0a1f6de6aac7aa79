"""Networks of the libraries that are not cut into stages, and why; each is trained or frozen as a whole."""

_MORE = "between its blocks it passes on more than two tensors"
_RANDOM = "it draws random numbers between its blocks in train mode"
UNCUT = {
    **dict.fromkeys(("gemma4_vit_167m", "gemma4_vit_167m_enc", "gemma4_vit_570m", "gemma4_vit_570m_enc"), _MORE),
    **dict.fromkeys(("tnt_b_patch16_224", "tnt_s_legacy_patch16_224", "tnt_s_patch16_224"), _MORE),
    **{f"vit_{size}_patch16_sapiens2": _RANDOM for size in ("base", "large", "huge", "giant", "5b")},
}
"""Of timm."""
