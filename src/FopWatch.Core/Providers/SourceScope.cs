using FopWatch.Jobs;
using FopWatch.Watching;
using FopWatch.Wording;

namespace FopWatch.Providers;

/// <summary>
/// The buckets and pipelines of a source. A status API answers for ids of any account (providers.md, section 1), so a genuine report may be about a
/// job of another account. Equal to another with the same names.
/// </summary>
public sealed class SourceScope : IEquatable<SourceScope>
{
    private readonly HashSet<string> _buckets;
    private readonly HashSet<string> _pipelines;

    /// <param name="buckets">The buckets; empty for any.</param>
    /// <param name="pipelines">
    /// The pipelines, as the provider reports them (<c>1381556928.video</c>) or without the account number (<c>video</c>); empty for any.
    /// </param>
    public SourceScope(IEnumerable<string> buckets, IEnumerable<string> pipelines) =>
        (_buckets, _pipelines) = (buckets.ToHashSet(StringComparer.Ordinal), pipelines.ToHashSet(StringComparer.Ordinal));

    /// <summary>Any bucket and any pipeline.</summary>
    public static SourceScope Any { get; } = new([], []);

    /// <summary>Whether the source is limited to some buckets.</summary>
    public bool HasBuckets => _buckets.Count > 0;

    /// <summary>Whether the source is limited to some pipelines.</summary>
    public bool HasPipelines => _pipelines.Count > 0;

    /// <summary>Why a report does not belong to this source; null if it does.</summary>
    /// <param name="report">The report.</param>
    /// <param name="isVouchedFor">
    /// Whether something other than the report shows that the job belongs to the source: a registration or a trusted notification. Then a report may lack
    /// its bucket and pipeline, as with older and compatible servers. Otherwise a bucket that only commands name counts only if a command that succeeded
    /// names it.
    /// </param>
    public ForeignReport? ObjectionTo(JobReport report, bool isVouchedFor)
    {
        ArgumentNullException.ThrowIfNull(report);
        if (HasBuckets && Objection("Buckets", "bucket", report.Buckets, report.ShownBuckets, _buckets.Contains, isVouchedFor) is { } foreign)
            return foreign;
        if (!HasPipelines)
            return null;
        IReadOnlyList<string> pipelines = report.Facts.Pipeline is { } pipeline ? [pipeline] : [];
        return Objection("Pipelines", "pipeline", pipelines, pipelines, HasPipeline, isVouchedFor);
    }

    /// <summary>Replaces a report that does not belong to this source by <see cref="PollAnswer.OutOfScope"/>.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="origin">How FopWatch learned of the job. A hint proves nothing.</param>
    public StatusAnswer Judge(StatusAnswer answer, JobOrigin origin)
    {
        ArgumentNullException.ThrowIfNull(answer);
        return answer.Report is { } report && ObjectionTo(report, isVouchedFor: origin != JobOrigin.Hint) is { } foreign
            ? answer with { Answer = PollAnswer.OutOfScope, Report = null, Detail = $"{foreign.InGeneral}; it was not recorded" }
            : answer;
    }

    /// <inheritdoc/>
    public bool Equals(SourceScope? other) => other is not null && _buckets.SetEquals(other._buckets) && _pipelines.SetEquals(other._pipelines);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as SourceScope);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_buckets.Count, _pipelines.Count);

    private static ForeignReport? Objection(
        string setting,
        string what,
        IReadOnlyList<string> named,
        IReadOnlyList<string> shown,
        Func<string, bool> contains,
        bool isVouchedFor)
    {
        if (named.FirstOrDefault(one => !contains(one)) is { } other)
            return new(setting, what, other);
        return isVouchedFor || shown.Count > 0 ? null : new(setting, what, null) { IsNamedInVain = named.Count > 0 };
    }

    // The account number counts only if both sides have one.
    private bool HasPipeline(string named)
    {
        if (_pipelines.Contains(named))
            return true;

        var name = WithoutAccount(named);
        return name == named
            ? _pipelines.Any(pipeline => WithoutAccount(pipeline) == name)
            : _pipelines.Contains(name);
    }

    /// <summary><c>1381556928.video</c> is the pipeline <c>video</c> of an account, <c>0.default</c> the public one.</summary>
    private static string WithoutAccount(string pipeline)
    {
        var dot = pipeline.IndexOf('.', StringComparison.Ordinal);
        return dot > 0 && pipeline.AsSpan(0, dot).IndexOfAnyExceptInRange('0', '9') < 0 ? pipeline[(dot + 1)..] : pipeline;
    }
}

/// <summary>Why a report does not belong to a source.</summary>
/// <param name="Setting">The setting that excludes it: <c>Buckets</c> or <c>Pipelines</c>.</param>
/// <param name="What">What the setting lists: a bucket or a pipeline.</param>
/// <param name="Named">The bucket or pipeline in the report; null if it names none.</param>
public sealed record ForeignReport(string Setting, string What, string? Named)
{
    private const int MaxNamed = 80;

    /// <summary>Whether the report names a listed bucket, but only in commands that did not succeed.</summary>
    public bool IsNamedInVain { get; init; }

    /// <summary>The reason without any content of the report, for logs.</summary>
    public Sentence InGeneral => this switch
    {
        { Named: not null } => $"the report is about a {What} that is not among the source's {Setting}",
        { IsNamedInVain: true } => $"no command that succeeded names a {What}, only an untrusted notification names the job, and the source has {Setting}",
        _ => $"the report names no {What}, only an untrusted notification names the job, and the source has {Setting}",
    };

    /// <summary>The reason, for callers who may see the report.</summary>
    /// <param name="source">The name of the source.</param>
    public string ToWords(string source) => Named is null
        ? $"{char.ToUpperInvariant(InGeneral.ToString()[0])}{InGeneral.ToString()[1..]}."
        : $"The report is about the {What} '{TextCut.Of(Named, MaxNamed + 1)}', which is not in FopWatch:Sources:{source}:{Setting}.";
}
