import numpy as np
import torch

from study.data import device_split as feeds
from study.data.device_split import feed
from study.models.net import Net
from study.training.evaluation import predict
from tests.support.toy_task import task

MEAN, STD = (0.1, 0.2, 0.3), (0.5, 0.6, 0.7)


def test_batches_are_the_splits_own_images_in_the_networks_units():
    data = task()
    made = feed(data.val, data.key, "cpu", MEAN, STD)
    expected = (data.val.images[data.val.index[[2, 0]]] / 255 - MEAN) / STD
    batch = made.normalized(made.pixels(torch.tensor([2, 0])))
    np.testing.assert_allclose(batch.numpy(), expected.transpose(0, 3, 1, 2), rtol=1e-5, atol=1e-6)
    assert batch.is_contiguous(memory_format=torch.channels_last)


def test_one_array_serves_all_splits_of_a_key_and_old_ones_go():
    data = task()
    pointers = {feed(split, data.key, "cpu", MEAN, STD).images.data_ptr() for split in (data.train, data.val)}
    assert len(pointers) == 1
    for _ in range(6):
        other = task()
        feed(other.train, other.key, "cpu", MEAN, STD)
    assert len(feeds._arrays) == feeds._MAX_CACHED
    assert (data.key, "cpu") not in feeds._arrays


def test_a_read_only_map_is_read_without_a_warning(tmp_path, recwarn):
    data = task()
    np.save(tmp_path / "images.npy", data.train.images)
    mapped = data.train._replace(images=np.load(tmp_path / "images.npy", mmap_mode="r"))
    feed(mapped, data.key, "cpu", MEAN, STD).pixels(slice(0, 2))
    assert not recwarn.list


def test_evaluation_is_in_eval_mode_and_the_batch_size_does_not_matter(monkeypatch):
    data = task()
    made = feed(data.train, data.key, "cpu", MEAN, STD)
    net = Net([torch.nn.Flatten()], torch.nn.Linear(3 * 32 * 32, 3), dropout=0.5)
    whole = predict(net, made)
    monkeypatch.setitem(feeds.BATCH, "cpu", 7)
    np.testing.assert_allclose(predict(net, made), whole, rtol=1e-5, atol=1e-5)


def test_images_are_enlarged_before_they_are_normalized():
    data = task(size=16)
    made = feed(data.val, data.key, "cpu", MEAN, STD, upsample=40)
    batch = made.normalized(made.pixels(slice(0, 2)))
    assert batch.shape == (2, 3, 40, 40)
    low, high = ((torch.tensor([[0.0], [1.0]]) - torch.tensor(MEAN)) / torch.tensor(STD)).unbind()
    assert all((batch[:, c] >= low[c] - 1e-5).all() and (batch[:, c] <= high[c] + 1e-5).all() for c in range(3))
    same = feed(data.val, data.key, "cpu", MEAN, STD, upsample=16)
    plain = feed(data.val, data.key, "cpu", MEAN, STD)
    assert torch.equal(same.normalized(same.pixels(slice(0, 2))), plain.normalized(plain.pixels(slice(0, 2))))
