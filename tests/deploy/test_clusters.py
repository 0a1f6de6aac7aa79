"""The files for Ray's cluster launcher and KubeRay, as far as they can be checked without machines or Kubernetes."""

import json
import re
import shlex
from pathlib import Path

import jsonschema
import pytest
import ray.autoscaler
import yaml
from ray.autoscaler._private.util import prepare_config, validate_config

from study.cli import options

DEPLOY = Path(__file__).parents[2] / "deploy"
PINS = dict(re.findall(r"^([\w.-]+)==(\S+)$", (DEPLOY.parent / "constraints.txt").read_text(), re.MULTILINE))
JOB = yaml.safe_load((DEPLOY / "kuberay" / "rayjob.yaml").read_text())
SCHEMA = json.loads((Path(__file__).parent / "rayjob.schema.json").read_text())
TEXTS = {path.relative_to(DEPLOY).as_posix(): path.read_text() for path in DEPLOY.rglob("*") if path.is_file()}


def pods() -> list[dict]:
    cluster = JOB["spec"]["rayClusterSpec"]
    return [group["template"]["spec"] for group in (cluster["headGroupSpec"], *cluster["workerGroupSpecs"])]


def study_words(text: str) -> list[list[str]]:
    """Give the words behind each `study.run` of a text, lines put together."""
    text = re.sub(r"\\\n\s*", "", text)
    found = re.findall(r"(?:study\.run|study\.sbatch) (--[^\"\n#]*)", text)
    return [shlex.split(words) for words in found if "--space" in words]


def test_the_launchers_file_is_what_rays_schema_asks_for_and_ray_can_prepare_it():
    config = yaml.safe_load(TEXTS["launcher/cluster.yaml"])
    schema = json.loads((Path(ray.autoscaler.__file__).parent / "ray-schema.json").read_text())
    jsonschema.validate(config, schema)
    with pytest.raises(jsonschema.ValidationError, match="'workers' was unexpected"):
        jsonschema.validate(config | {"workers": 2}, schema)
    prepared = prepare_config(config)
    validate_config(prepared)
    workers = prepared["available_node_types"]["local.cluster.node"]["min_workers"]
    assert workers == len(config["provider"]["worker_ips"])


def test_every_ray_of_the_launcher_asks_for_the_token():
    config = yaml.safe_load(TEXTS["launcher/cluster.yaml"])
    commands = config["head_start_ray_commands"] + config["worker_start_ray_commands"]
    starts = [command for command in commands if "ray start" in command]
    assert len(starts) == 2
    assert all(command.startswith("RAY_AUTH_MODE=token ") for command in starts)


def test_a_token_is_never_made_where_all_users_could_read_it():
    pages = [*DEPLOY.rglob("*.md"), *DEPLOY.parent.glob("docs/*.md")]
    lines = [line for page in pages for line in page.read_text().splitlines() if "get-auth-token" in line]
    assert len(lines) == 2
    assert all(line.startswith("(umask 077; ray get-auth-token --generate ") for line in lines)


def test_the_jobs_fields_are_kuberays():
    jsonschema.Draft202012Validator(SCHEMA).validate(JOB)
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("field", ["shutdownAfterJobFinished", "image"])
def test_an_unknown_field_of_a_job_is_found(field):
    with pytest.raises(jsonschema.ValidationError, match=field):
        jsonschema.validate(JOB | {"spec": JOB["spec"] | {field: True}}, SCHEMA)


def test_all_pods_share_one_volume_that_holds_data_store_and_results():
    claim = yaml.safe_load(TEXTS["kuberay/volume.yaml"])
    assert claim["spec"]["accessModes"] == ["ReadWriteMany"]
    words = options.parse(shlex.split(JOB["spec"]["entrypoint"])[3:])
    for pod in pods():
        (container,), (volume,) = pod["containers"], pod["volumes"]
        assert volume["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]
        (mount,) = container["volumeMounts"]
        assert mount["name"] == volume["name"]
        store = next(each["value"] for each in container["env"] if each["name"] == "STUDY_STORE")
        assert all(Path(path).is_relative_to(mount["mountPath"]) for path in (store, words.data, words.out))


def test_a_job_asks_for_a_token_and_goes_on_after_a_lost_head():
    assert JOB["spec"]["rayClusterSpec"]["authOptions"] == {"mode": "token"}
    assert JOB["spec"]["backoffLimit"] > 0
    words = options.parse(shlex.split(JOB["spec"]["entrypoint"])[3:])
    assert (words.resume, words.address) == (True, "auto")


def test_versions_are_the_pinned_ones():
    pinned = PINS["ray"]
    assert JOB["spec"]["rayClusterSpec"]["rayVersion"] == pinned
    version = re.search(r'^version = "(.*)"', (DEPLOY.parent / "pyproject.toml").read_text(), re.MULTILINE)[1]
    images = {container["image"] for pod in pods() for container in pod["containers"]}
    assert images == {f"registry.example.org/transfer-study:{version}-ray{pinned}"}
    assert f"FROM rayproject/ray:{pinned}-py311" in TEXTS["Dockerfile"]
    for name, text in TEXTS.items():
        assert set(re.findall(r"ray:?(\d+\.\d+\.\d+)", text)) <= {pinned}, name


@pytest.mark.parametrize("name", [name for name, text in TEXTS.items() if study_words(text)])
def test_every_command_of_a_study_is_one_that_study_run_takes(name):
    for words in study_words(TEXTS[name]):
        assert options.parse([word for word in words if word != "--tmux"]).space == "gtsrb"


def test_there_are_commands_to_check():
    found = {name for name, text in TEXTS.items() if study_words(text)}
    assert found >= {"slurm/README.md", "slurm/study.sbatch", "launcher/README.md"}
