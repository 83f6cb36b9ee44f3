"""The page on which a dispatcher confirms or rejects what cameras saw."""

from nicegui import run, ui
from nicegui.events import GenericEventArguments

from api.console.frame import frame
from api.console.live import News
from api.console.markup import render
from api.console.pieces import KeyedList, Piece
from api.console.review_queue import OpenReview
from api.console.situation import Situation
from api.console.view_models.reviews import (
    AnsweredRow,
    ReviewCard,
    answered_row,
    card_key,
    review_card,
)
from api.console.visit import Visit
from domain.ports.review_book import ReviewBook
from domain.reviews import Detection, Review, ReviewAnswer, is_same_spot

_MOST_UNDONE = 10
_MOST_CARDS = 60


async def show_reviews(visit: Visit) -> None:
    """Build the queue and keep it live."""
    situation = await visit.console.feed.situation()
    reviews = visit.console.parts.reviews
    if reviews is None:
        with frame(visit, visit.words.say("nav.reviews")):
            Piece(tag="section", classes="panel").show(
                render("text", text=visit.words.say("reviews.off"))
            )
        return
    page = _ReviewsPage(visit, situation, reviews)
    page.show(situation)

    def on_news(news: News) -> None:
        page.show(news.situation)

    visit.follow(on_news)


class _ReviewsPage:
    def __init__(self, visit: Visit, situation: Situation, reviews: ReviewBook) -> None:
        self._visit, self._words, self._reviews = visit, visit.words, reviews
        self._situation = situation
        self._given: list[Review] = []
        say = visit.words.say
        with frame(visit, say("nav.reviews"), wide=True):
            with ui.element("section").classes("panel"):
                self._head = Piece(classes="panel-head")
                Piece(classes="quiet").show(render("text", text=say("reviews.hint")))
                self._undo = KeyedList(
                    ui.element("div").props("role=status"), self._draw_answered, classes="answered"
                )
                self._empty = Piece(classes="quiet panel-foot")
            self._board = ui.element("div").classes("reviews").props('id="reviews"')
            self._cards = KeyedList(self._board, self._draw, tag="article", classes="review")
        ui.on("review", self._on_review)

    def show(self, situation: Situation) -> None:
        """Show what is open and not answered on this page already."""
        self._situation = situation
        open_now = [one for one in situation.open_reviews if not self._is_answered(one)]
        count = self._words.say("reviews.count", count=len(open_now))
        self._head.show(render("panel_head", title=self._words.say("nav.reviews"), count=count))
        self._cards.show(
            [review_card(one, situation.registry, self._words) for one in open_now[:_MOST_CARDS]]
        )
        none = "" if open_now else self._words.say("reviews.none")
        self._empty.show(render("text", text=none) if none else "")
        rows = [answered_row(r, situation.registry, self._words) for r in self._given]
        self._undo.show(rows[-_MOST_UNDONE:][::-1])

    def _is_answered(self, waiting: OpenReview) -> bool:
        """The answer may be to an earlier sight of it, in a clearer picture."""
        return any(is_same_spot(given.detection, waiting.detection) for given in self._given)

    async def _on_review(self, event: GenericEventArguments) -> None:
        sent = event.args if isinstance(event.args, dict) else {}
        what, key = str(sent.get("answer", "")), str(sent.get("key", ""))
        if what == "undo":
            await self._take_back(key)
            return
        picture = str(sent.get("picture", ""))
        # A newer picture may have come while the button was being pressed.
        waiting = next(
            (
                one
                for one in self._situation.open_reviews
                if any(card_key(look) == key for look in one.looks)
            ),
            None,
        )
        answer = next((one for one in ReviewAnswer if one == what), None)
        if waiting is not None and answer is not None and not self._is_answered(waiting):
            # The answer is to the picture that was looked at: it is what a head is trained on.
            looked_at = (one for one in waiting.looks if one.picture_sha256 == picture)
            await self._answer(next(looked_at, waiting.detection), answer)

    async def _answer(self, detection: Detection, answer: ReviewAnswer) -> None:
        review = Review(
            detection=detection,
            answer=answer,
            answered_by=self._visit.role,
            answered_at=self._visit.console.parts.clock.now(),
        )
        self._given.append(review)
        self.show(self._situation)
        await run.io_bound(self._reviews.answer, review)

    async def _take_back(self, key: str) -> None:
        """Take back the answer of that key, the newest one without a key."""
        given = [r for r in self._given if not key or card_key(r.detection) == key]
        if not given:
            return
        review = given[-1]
        self._given.remove(review)
        now = self._visit.console.parts.clock.now()
        await run.io_bound(
            lambda: self._reviews.take_back(review.detection.key, by=self._visit.role, at=now)
        )
        self.show(self._situation)

    def _draw(self, card: ReviewCard) -> str:
        names = ("confirm", "reject", "evidence", "whole", "nearer", "farther", "earlier", "later")
        words = {
            name: self._words.say(f"reviews.{name}") for name in (*names, "clean_none", "hidden")
        }
        return render("review_card", card=card, words=words)

    def _draw_answered(self, row: AnsweredRow) -> str:
        return render("answered_row", row=row, undo=self._words.say("reviews.undo"))
