"""Weight files: whole or not at all, and only where they fit."""

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn

from workbench.errors import CheckpointError, WorkbenchError
from workbench.models.audio_vae import Attention
from workbench.models.contrastive import Contrastive, ContrastiveConfig
from workbench.models.control import ControlConfig, Controls
from workbench.models.denoisers import TransformerDenoiser
from workbench.models.diffusion_lm import DiffusionLM, DiffusionLMConfig
from workbench.models.dit import DiT, DiTConfig
from workbench.models.music_ldm import FiLMUNet, MusicLDMSizes
from workbench.models.spectral_vae import ConvNeXt
from workbench.models.text_audio import TextAudio, TextAudioConfig
from workbench.training import Plan, fit
from workbench.training.weights import load_file_into, save_weights


def net() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Dropout(0.2), nn.Linear(16, 1))


def test_a_full_disk_leaves_the_old_weights(tmp_path, monkeypatch):
    path = tmp_path / "w.safetensors"
    save_weights(net(), path)
    before = path.read_bytes()

    def full(tensors, target, **more):
        target.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("workbench.training.weights.save_file", full)
    with pytest.raises(WorkbenchError, match="disk is full"):
        save_weights(net(), path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["w.safetensors"]


def test_weights_of_another_network_are_refused(tmp_path):
    save_weights(nn.Linear(3, 3), tmp_path / "w.safetensors")
    with pytest.raises(CheckpointError, match="another system or size"):
        load_file_into(net(), tmp_path / "w.safetensors")


def test_a_pickle_is_not_loaded(tmp_path):
    path = tmp_path / "w.safetensors"
    torch.save({"weight": torch.zeros(2)}, path)
    with pytest.raises(CheckpointError, match="not a valid safetensors"):
        load_file_into(net(), path)


# The names of parameters before they were renamed after the papers' code, by the present prefix.
OLD = {
    "DiT": {
        "x_embedder": "inward",
        "t_embedder": "step",
        "y_embedder": "genre",
        "text_embedder": "text",
        "null_text": "nothing",
        "final_layer.adaLN_modulation": "turn",
        "final_layer.linear": "outward",
        "blocks.0.out_proj": "blocks.0.merge",
        "blocks.0.cross_attn.norm": "blocks.0.cross.norm",
        "blocks.0.cross_attn.q": "blocks.0.cross.q",
        "blocks.0.cross_attn.kv": "blocks.0.cross.kv",
        "blocks.0.cross_attn.out_proj": "blocks.0.cross.merge",
        "blocks.0.mlp": "blocks.0.feed",
        "blocks.0.adaLN_modulation": "blocks.0.turn",
    },
    "TransformerDenoiser": {
        "condition.t_embedder": "condition.step",
        "adaLN_modulation": "modulate",
        "x_embedder": "into",
        "final_modulation": "final",
        "final_layer": "out",
        "blocks.0.out_proj": "blocks.0.join",
        "blocks.0.scale_shift_table": "blocks.0.offset",
    },
    "Controls": {"x_embedder": "inward", "t_embedder": "when", "pos_embed": "place"},
    "DiffusionLM": {
        "word_embedding": "embedding",
        "input_up_proj": "up",
        "time_embed": "time",
        "output_down_proj": "down",
    },
    "Contrastive": {"pos_embed": "place"},
    "TextAudio": {"sound.out_proj": "sound.merge"},
    "FiLMUNet": {"null_text": "nothing"},
    "ConvNeXt": {"dwconv": "along", "pwconv1": "across.0", "pwconv2": "across.2", "gamma": "scale"},
    "Attention": {"attn": "mix"},
}


def networks() -> list[nn.Module]:
    torch.manual_seed(1)
    sizes = MusicLDMSizes(embed=8, latent=4, unet=(8, 8, 16))
    return [
        DiT(DiTConfig(latent=4, width=16, depth=1, heads=2, genres=3, text=6)),
        TransformerDenoiser(4, 6, width=16, depth=1, heads=2),
        Controls(ControlConfig(width=16, heads=2, depth=1), 4, 10),
        DiffusionLM(DiffusionLMConfig(11, dim=4, length=10, width=16, depth=1, heads=2, steps=9)),
        Contrastive(ContrastiveConfig(text_dim=6, dim=8, width=16, depth=1)),
        TextAudio(TextAudioConfig(text_dim=6, dim=8, channels=8)),
        FiLMUNet(sizes),
        ConvNeXt(8),
        Attention(8),
    ]


def inputs(module: nn.Module) -> tuple[torch.Tensor, ...]:
    t = torch.tensor([1, 7])
    genre, mask = torch.tensor([0, -1]), torch.ones(2, 5, dtype=torch.bool)
    return {
        "DiT": lambda: (torch.randn(2, 4, 12), t, genre, torch.randn(2, 5, 6), mask),
        "TransformerDenoiser": lambda: (
            torch.randn(2, 8, 4),
            t,
            torch.randn(2, 6),
            torch.zeros(2),
            torch.ones(2, 2),
        ),
        "Controls": lambda: (torch.randn(2, 10, 4), t),
        "DiffusionLM": lambda: (torch.randn(2, 10, 4), t),
        "Contrastive": lambda: (torch.rand(2, 16, 27),),
        "TextAudio": lambda: (torch.randn(2, 32, 64),),
        "FiLMUNet": lambda: (torch.randn(2, 4, 8, 8), t, torch.randn(2, 8), genre == 0),
        "ConvNeXt": lambda: (torch.randn(2, 8, 12),),
        "Attention": lambda: (torch.randn(2, 8, 12),),
    }[type(module).__name__]()


def output(module: nn.Module, values: tuple[torch.Tensor, ...]) -> torch.Tensor:
    call = getattr(module, "embed_roll", getattr(module, "embed_mel", module))
    with torch.no_grad():
        result = call(*values)
    return torch.cat(list(result.values()), dim=-1) if isinstance(result, dict) else result


def renamed_back(state: dict, old: dict) -> dict:
    result = {}
    for name, value in state.items():
        prefix = next((new for new in old if name == new or name.startswith(f"{new}.")), "")
        result[old[prefix] + name.removeprefix(prefix) if prefix else name] = value
    return result


@pytest.mark.parametrize("number", range(9), ids=list(OLD))
def test_weights_under_their_old_names_load_and_give_equal_outputs(tmp_path, number):
    source, target = networks()[number].eval(), networks()[number].eval()
    with torch.no_grad():
        for value in source.state_dict().values():
            if value.is_floating_point():
                value.add_(0.1 * torch.randn_like(value))
    old = renamed_back(source.state_dict(), OLD[type(source).__name__])
    changed = old.keys() - source.state_dict().keys()
    assert len(changed) >= len(OLD[type(source).__name__])
    save_file({name: value.contiguous() for name, value in old.items()}, tmp_path / "w.safetensors")
    load_file_into(target, tmp_path / "w.safetensors")
    values = inputs(source)
    assert torch.equal(output(source, values), output(target, values))
    assert all(
        torch.equal(value, target.state_dict()[name]) for name, value in source.state_dict().items()
    )


def test_an_old_name_is_taken_only_where_the_new_one_is_missing(tmp_path):
    network = Controls(ControlConfig(width=16, heads=2, depth=1), 4, 10)
    state = {name: value.clone() for name, value in network.state_dict().items()}
    save_file(state | {"place": state["pos_embed"] + 1}, tmp_path / "w.safetensors")
    with pytest.raises(CheckpointError, match="place"):
        load_file_into(network, tmp_path / "w.safetensors")


def test_a_stopped_training_under_old_names_goes_on(tmp_path):
    """The network, its moving average, and the optimiser's state, which is by parameter number."""
    x = torch.randn(16, 8, 12, generator=torch.Generator().manual_seed(3))
    plan = Plan(steps=8, batch=4, lr=0.01, every=4, ema=0.9, precision="32-true")

    def train(name, watch=None):
        torch.manual_seed(0)
        network = ConvNeXt(8)
        folder = tmp_path / name
        return fit(
            network,
            (x,),
            lambda module, x: {"loss": module(x).square().mean()},
            plan,
            folder,
            seed=0,
            watch=watch,
        )

    def stop(record):
        if record["step"] == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train("stopped", stop)
    path = tmp_path / "stopped" / "last.safetensors"
    with safe_open(path, "pt") as file:
        about = file.metadata()
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    back = {}
    for part in ("model", "ema"):
        state = {n.removeprefix(f"{part}."): v for n, v in tensors.items() if n.startswith(part)}
        state = renamed_back(state, OLD["ConvNeXt"])
        back |= {f"{part}.{name}": value for name, value in state.items()}
    save_file(
        back | {n: v for n, v in tensors.items() if n.startswith("optim")}, path, metadata=about
    )
    resumed, alone = train("stopped").module, train("alone").module
    assert all(map(torch.equal, resumed.parameters(), alone.parameters()))
