"""Words that the project does not use any more, and those it uses instead."""

from house.sources import Rule

CODE = (".py", ".cpp", ".h", ".c", ".js", ".sh")
PYTHON = (".py", ".ipynb")
TEXT = (".md", ".py", ".ipynb", ".html", ".cpp", ".h")

RULES = (
    # Thinning
    Rule(r"\bdepth settings?\b", "thinning"),
    Rule(r"\bdepths\b", "thinnings"),
    Rule(r"(?i)\bdepth [0-9{]", "thinning 1, 2 or 4"),
    Rule(r"--depth\b|[._\"]depth\b|\bdepth(_|=)|[a-z]Depths?\b", "thinning"),
    Rule(r"(?i)\bdepth (in|of) \(?[0-9a-z_.]*(depth|range)", "thinning", CODE),
    # Instruction sets
    Rule(r"BIFSMN_PATH\b", "BIFSMN_ISA"),
    Rule(r"\bbifsmn_path\b", "bifsmn_isa"),
    Rule(r"\bavailable_paths?\b", "available_isas"),
    Rule(r"\btest_paths\b", "test_isas", (".cpp", ".sh", ".md", ".txt")),
    Rule(r"\ball paths\b", "all instruction sets"),
    Rule(r"\"path\": \"(avx|neon|portable|reference|wasm)", "isa"),
    Rule(r"\bpath_(avx2|avx512|neon|wasm|portable|\*)", "kernels/ISA"),
    Rule(r"--path[ =]neon|(model|network)\.path == .neon", "isa"),
    # Weights and training
    Rule(r"(?i)\bgranularit", "scale_layout"),
    Rule(r"(?i)\bown[ _-]words\b", "custom keywords"),
    Rule(r"\bredraw", "drawn anew"),
    Rule(r"RisingPReLU", "PositiveSlopePReLU"),
    Rule(r"\bat_least_single\b", "to_float32"),
    Rule(r"(?i)\bsoftened posteriors\b", "soft targets"),
    Rule(r"(?i)(\b(in|for)|:) real numbers\b", "full precision"),
    # Bounds
    Rule(r"\bk(Most|Least)(?=[A-Z]|\b)", "kMax, kMin", CODE),
    Rule(r"\b(LONGEST|LEAST|MOST)(_|\b)", "MAX_, MIN_", (".py", ".js")),
    Rule(r"\b(most|least)_(?!common\b)[a-z]", "max_, min_", CODE),
    Rule(r"\b(most|least) = ", "max_..., min_...", CODE),
    Rule(r"\b(most|least)[A-Z]", "max..., min...", CODE),
    # Benchmarks
    Rule(r"\bcarried_out\b", "run_and_save"),
    Rule(r"\bobtained\(|\bimport obtained\b", "available"),
    Rule(
        r"\b(from|import) (\w+\.)*(sides|drive|marked)\b", "new names", PYTHON
    ),
    Rule(r"(?i)\ball sides\b", "all backends"),
    Rule(r"(?i)\bbeside (its|the) peers\b", "benchmarks"),
    Rule(r"\btimes as fast as LiteRT|\| times as fast \|", "speed-up"),
    Rule(r"(?i)\bother decisions\b", "prediction mismatches"),
    Rule(r"(?i)\bprocessor seconds\b", "CPU seconds per hour"),
    Rule(r"([0-9}|]|, ) ?us\b(?!\"?[:\]])(?! =| in\b|\))", "µs", TEXT),
    # Quality
    Rule(r"(?i)\bcheck[ -]sums?\b", "checksum"),
    Rule(r"(?i)\bvery bits\b", "bit-exact"),
    Rule(r"(?i)\bspeech over noise\b", "SNR"),
    Rule(r"(?i)\bmade-up rooms?\b", "synthetic RIRs"),
    # Tuning
    Rule(r"\bHeard\b", "StreamScores", PYTHON),
    Rule(r"\bhear\(|import hear\b", "score_stream", PYTHON),
    Rule(r"\bPiece\b", "AudioSegment", PYTHON),
    Rule(r"\bdataio[./]trials\b|\btest_trials\b", "tuning_data"),
    # Messages and files
    Rule(r"\bcomplain\b", "print_error", CODE),
    Rule(r"(?<![.\w])tell\((?!self)", "report", CODE),
    Rule(r"(?<!\w)_said\b", "describe", PYTHON),
    Rule(r"\bmend_\w", "patch_...", PYTHON),
    Rule(r"\bwritten_whole\b|utils[./]whole\b", "atomic_write"),
    Rule(r"\bremember\(", "shift_in_bits", (".cpp", ".h")),
    Rule(r"\brecall\(", "memory_dot", (".cpp", ".h")),
    Rule(r"\bAs of `", "the thing itself", PYTHON),
)
