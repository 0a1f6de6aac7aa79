import torch

from study.models import families
from study.models.families import Family


def test_the_features_are_576_of_its_own_and_then_the_encoders():
    net = families.build("parallel_net", "none", 2).eval()
    images = torch.rand(2, 3, 64, 64)
    joined = net.stages[1](net.stages[0](images))
    assert joined.shape == (2, 576 + 512)
    assert torch.equal(joined[:, 576:], net.stages[0].encoder(images))
    assert torch.equal(joined[:, :576], net.stages[1].own(images))


def test_its_own_network_is_small():
    net = families.build("parallel_net", "none", 2)
    sizes = [tuple(each.shape) for each in net.stages[1].parameters() if each.dim() == 4]
    assert sizes == [(4, 3, 3, 3), (8, 4, 3, 3), (8, 8, 3, 3), (16, 8, 3, 3)]


def test_the_contract_is_the_encoders():
    def contract(family: Family):
        return family.mean, family.std, family.weights, family.source_size, family.multiple

    for name in ("meta_extractor", "parallel_net"):
        for encoder in ("small_cnn", "efficientnet_lite0", "nasnet_mobile"):
            assert contract(families.load(name, encoder=encoder)) == contract(families.load(encoder))


def test_an_extractor_scores_as_its_encoder():
    torch.manual_seed(0)
    extractor = families.build("meta_extractor", "none", 7, encoder="small_cnn").eval()
    torch.manual_seed(0)
    encoder = families.build("small_cnn", "none", 7).eval()
    images = torch.rand(2, 3, 32, 32)
    assert torch.equal(extractor(images), encoder(images))
    assert len(extractor.stages) == 1
