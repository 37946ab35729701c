"""The networks of diffusers and transformers that MusicLDM's own are held against."""

from diffusers.models import AutoencoderKL, UNet2DConditionModel
from transformers import SpeechT5HifiGan, SpeechT5HifiGanConfig

from workbench.models.music_ldm import MusicLDMSizes


def mel_vae(sizes: MusicLDMSizes) -> AutoencoderKL:
    """AutoencoderKL of diffusers."""
    levels = len(sizes.vae)
    return AutoencoderKL(
        in_channels=1,
        out_channels=1,
        down_block_types=("DownEncoderBlock2D",) * levels,
        up_block_types=("UpDecoderBlock2D",) * levels,
        block_out_channels=sizes.vae,
        layers_per_block=sizes.layers,
        latent_channels=sizes.latent,
        norm_num_groups=sizes.groups,
        mid_block_add_attention=sizes.attention,
    )


def vocoder(sizes: MusicLDMSizes, rate: int = 16_000) -> SpeechT5HifiGan:
    """SpeechT5HifiGan of transformers."""
    return SpeechT5HifiGan(
        SpeechT5HifiGanConfig(
            model_in_dim=sizes.bands,
            sampling_rate=rate,
            upsample_initial_channel=sizes.vocoder,
            upsample_rates=[5, 4, 2, 2, 2],  # 160 samples per frame
            upsample_kernel_sizes=[16, 16, 8, 4, 4],
            resblock_kernel_sizes=list(sizes.blocks),
            resblock_dilation_sizes=[[1, 3, 5]] * len(sizes.blocks),
            normalize_before=False,
        )
    )


def film_unet(sizes: MusicLDMSizes) -> UNet2DConditionModel:
    """UNet2DConditionModel of diffusers."""
    deeper = len(sizes.unet) - 1
    return UNet2DConditionModel(
        in_channels=sizes.latent,
        out_channels=sizes.latent,
        block_out_channels=sizes.unet,
        layers_per_block=sizes.layers,
        norm_num_groups=sizes.groups,
        attention_head_dim=8,
        down_block_types=("DownBlock2D",) + ("CrossAttnDownBlock2D",) * deeper,
        up_block_types=("CrossAttnUpBlock2D",) * deeper + ("UpBlock2D",),
        cross_attention_dim=sizes.unet,
        class_embed_type="simple_projection",
        projection_class_embeddings_input_dim=sizes.embed,
        class_embeddings_concat=True,
    )
