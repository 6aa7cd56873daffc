"""The names of the root, for type checkers: the table in `__init__.py`, told in imports."""

from campaignkit import (
    apps as apps,
    auditing as auditing,
    catalogue as catalogue,
    checks as checks,
    classify as classify,
    dataset as dataset,
    diagnosis as diagnosis,
    distinct as distinct,
    edges as edges,
    embed as embed,
    errors as errors,
    evaluation as evaluation,
    extras as extras,
    graph as graph,
    harmonise as harmonise,
    inject as inject,
    llm as llm,
    metrics as metrics,
    pools as pools,
    progress as progress,
    recipes as recipes,
    recommend as recommend,
    report as report,
    runs as runs,
    sample as sample,
    seeds as seeds,
    service as service,
    show as show,
    simulation as simulation,
    spec as spec,
    store as store,
    tables as tables,
    testing as testing,
)
from campaignkit.auditing import (
    audit as audit,
    mine_rules as mine_rules,
    plan_audit as plan_audit,
)
from campaignkit.catalogue import (
    Attribute as Attribute,
    Catalogue as Catalogue,
)
from campaignkit.classify import (
    BoostedTrees as BoostedTrees,
    ConstrainedClassifier as ConstrainedClassifier,
    DecisionTuner as DecisionTuner,
    EmbeddingLogistic as EmbeddingLogistic,
    FullFineTune as FullFineTune,
    LoRA as LoRA,
    MajorityClassifier as MajorityClassifier,
    OneHotLogistic as OneHotLogistic,
    PairLogistic as PairLogistic,
    PairwiseOrdinalClassifier as PairwiseOrdinalClassifier,
    PromptedClassifier as PromptedClassifier,
    TfidfLogistic as TfidfLogistic,
)
from campaignkit.dataset import (
    CampaignDataset as CampaignDataset,
    evaluate_dataset as evaluate_dataset,
    verify_dataset as verify_dataset,
)
from campaignkit.diagnosis import (
    diagnose as diagnose,
    feasible as feasible,
)
from campaignkit.edges import (
    ActiveBuilder as ActiveBuilder,
    BruteForce as BruteForce,
    ClusterPrefilter as ClusterPrefilter,
    LLMEdgeScorer as LLMEdgeScorer,
    TraitScorer as TraitScorer,
    build_graph as build_graph,
    check_known_pairs as check_known_pairs,
    compare_builds as compare_builds,
    plan_graph as plan_graph,
)
from campaignkit.embed import (
    GeminiEmbedder as GeminiEmbedder,
    HashingEmbedder as HashingEmbedder,
    MiniLMEmbedder as MiniLMEmbedder,
    OpenAICompatibleEmbedder as OpenAICompatibleEmbedder,
)
from campaignkit.errors import (
    CampaignkitError as CampaignkitError,
)
from campaignkit.evaluation import (
    BlindEvaluator as BlindEvaluator,
    FeatureAblation as FeatureAblation,
    Yardsticks as Yardsticks,
    compare_classifiers as compare_classifiers,
    compare_predictions as compare_predictions,
    evaluate as evaluate,
    evaluate_recommender as evaluate_recommender,
    graph_from_outcomes as graph_from_outcomes,
    learning_curve as learning_curve,
    score_findings as score_findings,
    validate_edges as validate_edges,
)
from campaignkit.graph import (
    Edge as Edge,
    SignedGraph as SignedGraph,
    compare as compare,
)
from campaignkit.harmonise import (
    ClientStore as ClientStore,
    discover as discover,
    read_across as read_across,
)
from campaignkit.inject import (
    ErrorInjector as ErrorInjector,
    anonymise as anonymise,
)
from campaignkit.llm import (
    Budget as Budget,
    GeminiModel as GeminiModel,
    OpenAICompatibleModel as OpenAICompatibleModel,
    ScriptedModel as ScriptedModel,
    TransformersModel as TransformersModel,
)
from campaignkit.progress import (
    ProgressBar as ProgressBar,
)
from campaignkit.recommend import (
    PartialCampaign as PartialCampaign,
    Recommender as Recommender,
)
from campaignkit.report import (
    charts as charts,
    write_report as write_report,
)
from campaignkit.runs import (
    RunLog as RunLog,
)
from campaignkit.sample import (
    Annealing as Annealing,
    AnnealingSampler as AnnealingSampler,
    HeatBath as HeatBath,
    Rejection as Rejection,
)
from campaignkit.service import (
    Client as Client,
)
from campaignkit.spec import (
    LabelSpec as LabelSpec,
    SamplingSpec as SamplingSpec,
)
from campaignkit.tables import (
    synthetic_table as synthetic_table,
)

__version__: str
