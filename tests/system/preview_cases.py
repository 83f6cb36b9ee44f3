"""The cases of a previewed district: one in every column of the board, and the alarm behind one."""

import secrets
from dataclasses import dataclass, replace
from random import Random

from alerts.alert_records import Cause, NewAlert, attach, fire
from alerts.case_desk import CaseDesk
from alerts.crew_links import CrewLinks
from alerts.orders import MoveCase, ReportCase
from alerts.store import CaseStore
from domain.alerts import AlertLevel
from domain.cases import Actor, CaseAction, CaseSource
from domain.photo_evidence import PhotoEvidence
from domain.ports.clock import Clock
from domain.problems import ProblemClass
from domain.records import RecordKind, SnapshotVerdicts
from firmware_sim.sample_photos import SamplePhotos
from tests.system.preview_devices import START, PreviewDevices


@dataclass(kw_only=True)
class PreviewCases:
    """The desk, and what people do at it."""

    desk: CaseDesk
    clock: Clock
    devices: PreviewDevices
    photos: SamplePhotos

    def open_cases(self) -> None:
        """Take cases to every column of the board."""
        places = list(self.devices.district.registry.places)
        classes = (
            ProblemClass.BIN_OVERFLOW,
            ProblemClass.BAGGED_WASTE_ON_GROUND,
            ProblemClass.NOT_SWEPT_AFTER_COLLECTION,
        )
        ways: tuple[tuple[tuple[CaseAction, Actor], ...], ...] = (
            (),
            (),
            ((CaseAction.ACCEPT, Actor.CREW),),
            ((CaseAction.ACCEPT, Actor.CREW), (CaseAction.ARRIVE, Actor.CREW)),
            ((CaseAction.DEFER, Actor.DISPATCHER),),
            (
                (CaseAction.ACCEPT, Actor.CREW),
                (CaseAction.FINISH, Actor.CREW),
                (CaseAction.SEND_BACK, Actor.INSPECTOR),
            ),
            (
                (CaseAction.ACCEPT, Actor.CREW),
                (CaseAction.FINISH, Actor.CREW),
                (CaseAction.CONFIRM_CLEAN, Actor.INSPECTOR),
            ),
            # This one's place has a camera.
            ((CaseAction.ACCEPT, Actor.CREW), (CaseAction.FINISH, Actor.CREW)),
            ((CaseAction.RETURN_TO_DISPATCHER, Actor.DISPATCHER),),
        )
        for index, way in enumerate(ways):
            case = self.desk.report(
                ReportCase(
                    place_id=places[(index * 7) % len(places)],
                    problem_class=classes[index % len(classes)],
                    source=CaseSource.TELEPHONE,
                    note="居民来电反映",
                    actor=Actor.OPERATOR,
                    key=secrets.token_hex(8),
                )
            )
            for action, actor in way:
                self.desk.move(self._order(case.case_id, case.place_id, action, actor))

    def raise_alarm(self, store: CaseStore) -> None:
        """Open a case on what the first camera saw."""
        camera = next(iter(self.devices.district.registry.cameras.values()))
        seen = self.devices.history.latest(RecordKind.VERDICTS)[camera.device_id].values
        case = self.desk.report(
            ReportCase(
                place_id=camera.place_id,
                problem_class=ProblemClass.EXPOSED_WASTE,
                source=CaseSource.CAMERA,
                note="",
                actor=Actor.OPERATOR,
                key=secrets.token_hex(8),
            )
        )
        cause = Cause(
            device_id=camera.device_id,
            reason="camera_sees_waste",
            picture_sha256=seen.picture_sha256 if isinstance(seen, SnapshotVerdicts) else None,
        )
        new = NewAlert(
            place_id=camera.place_id,
            subject=case.problem_class,
            level=AlertLevel.CRITICAL,
            causes=(cause,),
        )
        with store.transaction() as connection:
            attach(connection, fire(connection, new, now=self.clock.now()), case.case_id)

    def crew_link(self, links: CrewLinks) -> str:
        """Return the link that a crew was sent for a case of its own."""
        case = self.desk.report(
            ReportCase(
                place_id=list(self.devices.district.registry.places)[-1],
                problem_class=ProblemClass.BIN_OVERFLOW,
                source=CaseSource.TELEPHONE,
                note="",
                actor=Actor.OPERATOR,
                key=secrets.token_hex(8),
            )
        )
        return links.link(crew_id=case.crew_id, case_id=case.case_id)

    def report_somewhere(self, rng: Random) -> None:
        """Open one more case, at any place."""
        order = ReportCase(
            place_id=rng.choice(list(self.devices.district.registry.places)),
            problem_class=ProblemClass.BIN_OVERFLOW,
            source=CaseSource.SENSOR,
            note="",
            actor=Actor.OPERATOR,
            key=secrets.token_hex(8),
        )
        self.desk.report(order)

    def _order(self, case_id: str, place_id: str, action: CaseAction, actor: Actor) -> MoveCase:
        order = MoveCase(
            case_id=case_id, action=action, actor=actor, key=secrets.token_hex(8), note="见附图"
        )
        if action is CaseAction.FINISH:
            proof = self.photos.proof(place_id, START)
            photos = (
                self.devices.pictures.put(proof.overview),
                self.devices.pictures.put(proof.close_up),
            )
            # The overview is always the same, so from the second case on it is doubted.
            evidence = (
                PhotoEvidence(fingerprint=0),
                PhotoEvidence(fingerprint=secrets.randbits(128)),
            )
            return replace(order, photos=photos, evidence=evidence)
        if actor is Actor.DISPATCHER:
            return replace(order, approved_by="王科长")
        return order
