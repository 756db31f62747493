"""The screen of `kata verify --mutants`: a progress bar, and the mutants that survive as diffs."""

from rich.padding import Padding

from grader.authoring.lint.package import MUTANTS
from grader.authoring.mutants.proof import Fate, Judged, MutantProof
from grader.render.mutants import lines_to_add, mutants_summary
from grader.render.proof import place, sentence
from grader.render.terminal.campaign import CampaignScreen
from grader.render.terminal.proof import PROOF_STYLES
from grader.render.terminal.screen import Text
from grader.render.text import printable

DIFF_STYLES = {"@": "cyan", "+": "green", "-": "red"}
INDENT = 2


class MutantScreen(CampaignScreen):
    """Shows the progress of mutants.

    Several katas can be in progress, so the results of a kata are printed together when it is finished.
    """

    def kata_ends(self, proof: MutantProof) -> None:
        """Print title, survivors, undecided mutants, problems and summary of a kata."""
        self._end_kata(proof.kata, proof.planned)
        self._line(
            Text.assemble((printable(proof.title), "bold"), (f"  {printable(proof.kata)}", "dim"))
        )
        for judged in proof.of(Fate.SURVIVED):
            self._survivor(proof, judged)
        for judged in proof.of(Fate.UNDECIDED):
            self._line(Text(f"{judged.mutant.key} is undecided: {printable(judged.why)}"))
        for problem in proof.problems:
            self._line(
                Text.assemble((place(proof.kata, problem), "cyan"), f": {sentence(problem)}")
            )
        if proof.of(Fate.SURVIVED):
            self._lines_to_add(proof)
        self._line(Text(mutants_summary(proof), style=PROOF_STYLES[proof.verdict]))
        self._line()

    def _survivor(self, proof: MutantProof, judged: Judged) -> None:
        self._line()
        self._line(Text.assemble((judged.mutant.key, "bold red"), " survived:"))
        for line in judged.mutant.diff(proof.reference):
            self._within(Text(line, style=DIFF_STYLES.get(line[:1], "")))

    def _within(self, text: Text) -> None:
        """Write a line with an indentation, which a terminal keeps where it wraps the line."""
        if self._console.is_terminal:
            self._console.print(Padding(text, (0, 0, 0, INDENT), expand=False))
        else:
            self._line(Text(" " * INDENT).append(text))

    def _lines_to_add(self, proof: MutantProof) -> None:
        """What declares the survivors equivalent, to be copied."""
        self._line()
        advice = f"Improve the checks. If a survivor behaves like the reference, add to {MUTANTS}:"
        self._line(Text(advice))
        for judged in proof.of(Fate.SURVIVED):
            self._line()
            for line in lines_to_add(judged):
                self._within(Text(line))
        self._line()
