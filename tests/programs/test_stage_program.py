from __future__ import annotations

from programs.settings import ProgramSettings
from programs.stage import program_for
from tests.programs.recorder import ACCOUNT, REGION, record
from tinystacks.outputs import StageOutputs
from tinystacks.spec.model import StageSpec


def test_exports_are_what_stage_outputs_reads():
    stage = StageSpec.model_validate(
        {"stack": "shop", "stage": "dev", "services": {"web": {"image": "nginx", "port": 80, "memory": 256}}}
    )

    recording = record(program_for(stage, ProgramSettings(region=REGION, account_id=ACCOUNT)))

    outputs = StageOutputs.from_exports(recording.exports)
    assert set(recording.exports) == set(StageOutputs.__dataclass_fields__)
    assert outputs.services["web"].service_name == "shop-web-service-1a2b3c4"
    assert outputs.cluster_name == "shop-dev"
