using System.Text;
using System.Text.Json.Serialization;
using FopWatch.Contracts;
using FopWatch.Providers;

namespace FopWatch.Jobs;

/// <summary>The progress of the whole job according to the provider, before it is over.</summary>
public enum JobProgress
{
    /// <summary>The provider did not say.</summary>
    Unknown,

    /// <summary>Queued.</summary>
    Waiting,

    /// <summary>Started.</summary>
    Processing,
}

/// <summary>The provider's verdict on the whole job once it is over. It counts only if the items say nothing.</summary>
public enum JobVerdict
{
    /// <summary>No failure was reported. This is not a success: Qiniu answers 0 for an invalid command without items (providers.md, section 1).</summary>
    None,

    /// <summary>The whole job succeeded (Qiniu workflows), even if its conditions selected no command.</summary>
    Succeeded,

    /// <summary>The whole job failed.</summary>
    Failed,

    /// <summary>The job was cancelled (Qiniu workflow V3, code 5).</summary>
    Cancelled,
}

/// <summary>The body of a report.</summary>
/// <param name="Closing">Whether it closed the job. A closing body takes precedence over others.</param>
/// <param name="Json">The body as JSON, with secrets redacted. The longer of two bodies is kept.</param>
public readonly record struct RawBody(bool Closing, string Json) : IComparable<RawBody>
{
    /// <inheritdoc/>
    public int CompareTo(RawBody other)
    {
        var byClosing = Closing.CompareTo(other.Closing);
        if (byClosing != 0)
            return byClosing;

        var byLength = Json.Length.CompareTo(other.Json.Length);
        return byLength != 0 ? byLength : string.CompareOrdinal(Json, other.Json);
    }
}

/// <summary>
/// The facts of all reports about a job, merged by <see cref="Join"/>: a commutative, associative and idempotent operation. So duplicates, late
/// arrivals and races need no special cases.
/// </summary>
public sealed record JobFacts
{
    /// <summary>How many outputs of an item remain after a cut of outputs.</summary>
    public const int OutputsKept = 100;

    /// <summary>How many items remain after a cut of items.</summary>
    public const int ItemsKept = 1000;

    /// <summary>No facts.</summary>
    public static readonly JobFacts None = new() { Redaction = CommandRedaction.Version };

    /// <summary>The bucket of the input.</summary>
    public string? Bucket { get; init; }

    /// <summary>The key of the input.</summary>
    public string? Key { get; init; }

    /// <summary>The provider's queue.</summary>
    public string? Pipeline { get; init; }

    /// <summary>The request id, which the provider's support asks for.</summary>
    public string? RequestId { get; init; }

    /// <summary>What started the job.</summary>
    public string? TaskFrom { get; init; }

    /// <summary>True for an idle-time task, which has no promised completion time.</summary>
    public bool? Idle { get; init; }

    /// <summary>When the provider accepted the job.</summary>
    public DateTimeOffset? CreatedAt { get; init; }

    /// <summary>The progress of the whole job.</summary>
    public JobProgress Progress { get; init; }

    /// <summary>
    /// Whether one report listed all commands and said that the processing is over. A report that may list only some commands (Wangsu
    /// <c>separate</c>) never closes a job, whatever its code. A closed job is not necessarily settled: its items may contradict.
    /// </summary>
    public bool Closed { get; init; }

    /// <summary>The verdict on the whole job.</summary>
    public JobVerdict Verdict { get; init; }

    /// <summary>Whether the provider delivered its notification.</summary>
    public NotificationDelivery Delivery { get; init; }

    /// <summary>The items, ordered by command and occurrence, without duplicates. <see cref="WithItems"/> sets those of a report.</summary>
    public EquatableList<ItemFacts> Items { get; init; } = [];

    /// <summary>The most informative body so far, as redacted JSON, so that a later version of FopWatch can read it again.</summary>
    public RawBody? Raw { get; init; }

    /// <summary>
    /// Whether a single report said how the job ended: it closed the job, and every command that it listed is over. Several reports together never
    /// conclude a job, so no later report can make a settled job run again.
    /// </summary>
    public bool Concluded { get; init; }

    /// <summary>The version of the rules that redacted secrets; 0 for facts that versions before 2 stored.</summary>
    public int Redaction { get; init; }

    /// <summary>The level of the cut, because the job was too large for a store. It never decreases.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public FactsCut Cut { get; init; }

    /// <summary>The limit on the outputs of each item, because the job would be too large with all of them; null for no limit. It never increases.</summary>
    public int? MostOutputs { get; init; }

    /// <summary>The value of <see cref="Counts"/> if <see cref="Items"/> were cut; null if they are complete.</summary>
    public JobCounts? CutCounts { get; init; }

    /// <summary>
    /// The outcome that follows from the facts; null while the job is open. The items decide. The verdict on the whole job counts only for a
    /// cancellation, and if no item says anything.
    /// </summary>
    public JobState? Outcome
    {
        get
        {
            if (!Concluded)
                return null;
            if (Verdict == JobVerdict.Cancelled)
                return JobState.Cancelled;

            var counts = Counts;
            return (counts.Succeeded > 0, counts.Failed > 0) switch
            {
                (true, true) => JobState.PartiallyFailed,
                (true, false) => JobState.Succeeded,
                (false, true) => JobState.Failed,
                // No items, or all skipped: only the verdict can say whether that was intended.
                (false, false) => Verdict == JobVerdict.Failed ? JobState.Failed : JobState.Succeeded,
            };
        }
    }

    /// <summary>Whether processing has started.</summary>
    public bool Started => Closed || Progress == JobProgress.Processing || Items.Any(item => item.State >= ItemState.Processing);

    /// <summary>The number of items in each state, including items that were cut.</summary>
    public JobCounts Counts
    {
        get
        {
            if (CutCounts is not null)
                return CutCounts;

            var (succeeded, failed, running) = (0, 0, 0);
            foreach (var item in Items)
            {
                switch (item.State)
                {
                    case ItemState.Succeeded:
                        succeeded++;
                        break;
                    case ItemState.Failed:
                        failed++;
                        break;
                    case ItemState.Skipped:
                        break;
                    default:
                        running++;
                        break;
                }
            }

            return new(Items.Count, succeeded, failed, running);
        }
    }

    /// <summary>The items in display order: first those of the report that concluded the job, in its order, then the others.</summary>
    [JsonIgnore]
    public IEnumerable<ItemFacts> ItemsInOrder => Items.OrderBy(item => item.Position ?? int.MaxValue);

    /// <summary>
    /// These facts with the items of one report, in its order. Sets <see cref="ItemFacts.Occurrence"/> and <see cref="ItemFacts.Position"/>.
    /// </summary>
    public JobFacts WithItems(IEnumerable<ItemFacts> items) => Numbering([.. items.Select((item, position) => item with { Position = position })]);

    /// <summary>
    /// These facts with items skipped according to the verdict. An item that has not started when the whole job failed or was cancelled never will, and the
    /// job would be polled until its deadline. An item that has started may still end.
    /// </summary>
    internal JobFacts EndedByVerdict() => Verdict is JobVerdict.Failed or JobVerdict.Cancelled
        ? Numbering([.. Items.Select(item =>
            item is { State: ItemState.Waiting } or { State: ItemState.Unknown, Code: null, Error: null, Outputs.Count: 0 }
                ? item with { State = ItemState.Skipped }
                : item)])
        : this;

    /// <summary>
    /// The facts of a poll that follows these facts. If both have the same verdict, the verdict is final. At servers that derive the verdict from the items, the
    /// first poll that reports it may come while items still wait.
    /// </summary>
    internal JobFacts Confirmed(JobFacts polled) => Closed && Verdict == polled.Verdict ? polled.EndedByVerdict() : polled;

    /// <summary>
    /// These facts without the secrets that earlier versions left in them. Commands are redacted by the current rules, so that they match the items of
    /// new reports.
    /// </summary>
    internal JobFacts Redacted() => (this with
    {
        Redaction = CommandRedaction.Version,
        Key = CommandRedaction.RedactUrl(Key),
        Raw = Raw is { } raw ? raw with { Json = CommandRedaction.RedactJson(Encoding.UTF8.GetBytes(raw.Json)) } : null,
    }).Numbering([.. Items.Select(item => item with
    {
        Command = CommandRedaction.Redact(item.Command),
        Description = item.Description is { } description ? CommandRedaction.Redact(description) : null,
        Error = (item.Error ?? (item.State == ItemState.Failed ? item.Description : null)) is { } error ? CommandRedaction.Redact(error) : null,
        Result = item.Result is { } result ? CommandRedaction.RedactJson(Encoding.UTF8.GetBytes(result)) : null,
    })]);

    /// <summary>These facts with these items, numbered; see <see cref="ItemFacts.Occurrence"/>.</summary>
    internal JobFacts Numbering(ItemFacts[] items)
    {
        for (var i = 0; i < items.Length; i++)
            items[i] = Redacted(items[i]);

        // Equal items keep the order of the report.
        if (items.Length > 1)
            items = [.. items.OrderBy(item => item.Command, StringComparer.Ordinal).ThenBy(item => item, Comparer<ItemFacts>.Create(ItemFacts.FurthestFirst))];
        for (var (i, occurrence) = (0, 0); i < items.Length; i++)
        {
            occurrence = i > 0 && items[i].Command == items[i - 1].Command ? occurrence + 1 : 0;
            if (items[i].Occurrence != occurrence)
                items[i] = items[i] with { Occurrence = occurrence };
        }

        return this with { Items = [.. items] };
    }

    private static ItemFacts Redacted(ItemFacts item)
    {
        if (item.Input is { } input && input.Redacted() is var redacted && redacted != input)
            item = item with { Input = redacted };
        return item.Outputs.Count == 0
            ? item
            : item with { Outputs = ItemFacts.JoinOutputs([.. item.Outputs.Select(output => output.Redacted())], []) };
    }

    /// <summary>The union of both facts.</summary>
    public JobFacts Join(JobFacts other)
    {
        var joined = new JobFacts
        {
            Bucket = Facts.Max(Bucket, other.Bucket),
            Key = Facts.Max(Key, other.Key),
            Pipeline = Facts.Max(Pipeline, other.Pipeline),
            RequestId = Facts.Max(RequestId, other.RequestId),
            TaskFrom = Facts.Max(TaskFrom, other.TaskFrom),
            Idle = Facts.Max(Idle, other.Idle),
            CreatedAt = Facts.Max(CreatedAt, other.CreatedAt),
            // A closed job has started, so a stale report of its progress adds nothing.
            Progress = Closed || other.Closed ? JobProgress.Processing : Facts.Max(Progress, other.Progress),
            Closed = Closed || other.Closed,
            Concluded = Concluded || other.Concluded,
            Verdict = Facts.Max(Verdict, other.Verdict),
            Delivery = Facts.Max(Delivery, other.Delivery),
            Items = JoinItems(Items, other.Items, ComparesFirst(other) ? this : other),
            Raw = Facts.Max(Raw, other.Raw),
            Redaction = CommandRedaction.Version,
        };
        if (Facts.Min(MostOutputs, other.MostOutputs) is { } outputs)
            joined = joined.WithMostOutputs(outputs);
        var cut = Facts.Max(Cut, other.Cut);
        return cut == FactsCut.None ? joined : joined.Without(cut, Further(Counts, other.Counts));
    }

    /// <summary>These facts after a cut, for a store that cannot keep them whole.</summary>
    public JobFacts CutTo(FactsCut cut) => cut <= Cut ? this : Without(cut, Counts);

    /// <summary>These facts within <see cref="FactsSize.Most"/>, whatever a provider sends.</summary>
    internal JobFacts Bounded()
    {
        var facts = this;
        for (var size = FactsSize.Of(facts); size.Total > FactsSize.Most && size.Shorten(facts) is { } shorter; size = FactsSize.Of(facts))
            facts = shorter;
        return facts;
    }

    /// <summary>The next smaller limit on the outputs of an item; null if only <see cref="OutputsKept"/> is smaller.</summary>
    internal static int? FewerOutputs(int? most) => most switch { null or > 10_000 => 10_000, > 1000 => 1000, _ => null };

    /// <summary>These facts with only the first outputs of each item.</summary>
    internal JobFacts WithMostOutputs(int most) => this with { MostOutputs = most, Items = [.. Items.Select(item => item.WithMostOutputs(most))] };

    /// <summary>These facts as those of one report. Decides whether the report concludes the job (<see cref="Concluded"/>).</summary>
    internal JobFacts WithConclusion() => Concludes ? Distinguished() with { Concluded = true } : Unordered() with { Concluded = false };

    private bool Concludes => Closed && Verdict switch
    {
        JobVerdict.Cancelled => true,
        JobVerdict.Failed or JobVerdict.Succeeded => Items.All(item => item.IsOver),

        // If all commands were skipped, they say nothing: a command must have run, or the verdict must say how the job ended.
        _ => Items.Any(item => item.State != ItemState.Skipped) && Items.All(item => item.IsOver),
    };

    /// <summary>Whether the items or the whole job moved between these facts and later ones.</summary>
    internal bool MovedTo(JobFacts later) =>
        later.Progress != Progress
        || later.Closed != Closed
        || later.Verdict != Verdict
        || later.Counts != Counts
        || !later.Items.Select(item => (item.Identity, item.State)).SequenceEqual(Items.Select(item => (item.Identity, item.State)));

    private JobFacts Distinguished()
    {
        if (Items.Count < 2)
            return this;
        var repeated = Items.CountBy(item => item.Command, StringComparer.Ordinal).Where(same => same.Value > 1).Select(same => same.Key).ToHashSet(StringComparer.Ordinal);
        return repeated.Count == 0
            ? this
            : this with { Items = [.. Items.Select(item => repeated.Contains(item.Command) ? item with { IsOneOfEquals = true } : item)] };
    }

    /// <summary>Whether the items lack a command that is known to be unfinished.</summary>
    internal bool LacksUnfinished(JobFacts known)
    {
        var listed = Items.Select(item => item.Identity).ToHashSet();
        return known.Items.Any(item => !item.IsOver && !listed.Contains(item.Identity));
    }

    private JobFacts Unordered() =>
        Items.Any(item => item.Position is not null) ? this with { Items = [.. Items.Select(item => item with { Position = null })] } : this;

    /// <summary>
    /// Whether to keep the order of these items. Any order takes precedence over none. The lesser of two orders wins, compared item by item by
    /// <see cref="ItemFacts.Identity"/>. The minimum of a total order is a join.
    /// </summary>
    private bool ComparesFirst(JobFacts other)
    {
        // A new job has no items.
        if (Items.Count == 0)
            return other.Items.All(item => item.Position is null);
        var some = Ordered(Items);
        var more = Ordered(other.Items);
        if (some.Count == 0 || more.Count == 0)
            return more.Count == 0;

        for (var i = 0; i < some.Count && i < more.Count; i++)
        {
            if (ItemFacts.ByIdentity(some[i], more[i]) is not 0 and var order)
                return order < 0;
        }

        return some.Count <= more.Count;

        static List<(string, int)> Ordered(EquatableList<ItemFacts> items) =>
            [.. items.Where(item => item.Position is not null).OrderBy(item => item.Position).Select(item => item.Identity)];
    }

    private static EquatableList<ItemFacts> JoinItems(EquatableList<ItemFacts> some, EquatableList<ItemFacts> more, JobFacts ordered)
    {
        if (some.Count == 0 && AreInOrder(more))
            return more;

        var joined = new SortedDictionary<(string, int), ItemFacts>(Comparer<(string, int)>.Create(ItemFacts.ByIdentity));
        foreach (var item in some.Concat(more))
            joined[item.Identity] = joined.TryGetValue(item.Identity, out var known) ? known.Join(item) : item;

        var positions = ordered.Items.ToDictionary(item => item.Identity, item => item.Position);
        return [.. joined.Values.Select(item =>
            positions.GetValueOrDefault(item.Identity) is var position && position == item.Position ? item : item with { Position = position })];
    }

    private static bool AreInOrder(EquatableList<ItemFacts> items)
    {
        for (var i = 1; i < items.Count; i++)
        {
            if (ItemFacts.ByIdentity(items[i - 1].Identity, items[i].Identity) >= 0)
                return false;
        }

        return true;
    }

    /// <summary>
    /// The greater of two counts: the one with more items, then with more finished items, then with more succeeded items. The maximum of an order is a
    /// join. The counts of a report that lists all items are never the lesser.
    /// </summary>
    private static JobCounts Further(JobCounts a, JobCounts b) =>
        (a.Total, -a.Running, a.Succeeded, a.Failed).CompareTo((b.Total, -b.Running, b.Succeeded, b.Failed)) >= 0 ? a : b;

    private JobFacts Without(FactsCut cut, JobCounts counts)
    {
        var kept = this with { Cut = cut, Raw = null, Items = [.. Items.Select(item => item.CutTo(cut))] };
        if (cut < FactsCut.Items)
            return kept;

        // Keep what the items said besides their number.
        kept = kept with
        {
            Items = [.. kept.Unordered().Items.Take(cut == FactsCut.Items ? ItemsKept : 0)],
            CutCounts = counts,
            Progress = Started ? JobProgress.Processing : Progress,
        };
        return cut == FactsCut.Items
            ? kept
            : kept with { Bucket = null, Key = null, Pipeline = null, RequestId = null, TaskFrom = null };
    }
}
