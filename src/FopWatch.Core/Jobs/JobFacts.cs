using System.Text;
using System.Text.Json.Serialization;
using FopWatch.Contracts;
using FopWatch.Providers;

namespace FopWatch.Jobs;

/// <summary>How far a provider says that a job as a whole has come, before it is over.</summary>
public enum JobProgress
{
    /// <summary>It did not say.</summary>
    Unknown,

    /// <summary>Queued.</summary>
    Waiting,

    /// <summary>Started.</summary>
    Processing,
}

/// <summary>What the provider says of the job as a whole once it is over. It counts only where the items say nothing.</summary>
public enum JobVerdict
{
    /// <summary>No failure is claimed. Not a success: Qiniu answers 0 for a bogus command without items (providers.md, section 1).</summary>
    None,

    /// <summary>The job as a whole went well (Qiniu workflows), also where its conditions chose no command.</summary>
    Succeeded,

    /// <summary>The job as a whole failed.</summary>
    Failed,

    /// <summary>The job was cancelled (Qiniu workflow V3, code 5).</summary>
    Cancelled,
}

/// <summary>The body of a report.</summary>
/// <param name="Closing">Whether it closed the job; such a body beats any other.</param>
/// <param name="Json">The body as JSON, secrets redacted. Of two, the longer one is kept.</param>
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
/// Everything that reports have said about a job, merged by <see cref="Join"/>: a commutative, associative and idempotent
/// operation, so that duplicates, late arrivals and races need no special case.
/// </summary>
public sealed record JobFacts
{
    /// <summary>Outputs of one item that are kept where outputs are cut.</summary>
    public const int OutputsKept = 100;

    /// <summary>Items that are kept where items are cut.</summary>
    public const int ItemsKept = 1000;

    /// <summary>Nothing is known.</summary>
    public static readonly JobFacts None = new() { Redaction = CommandRedaction.Version };

    /// <summary>The bucket of the input.</summary>
    public string? Bucket { get; init; }

    /// <summary>The key of the input.</summary>
    public string? Key { get; init; }

    /// <summary>The provider's queue.</summary>
    public string? Pipeline { get; init; }

    /// <summary>What the provider's support asks for.</summary>
    public string? RequestId { get; init; }

    /// <summary>What started the job.</summary>
    public string? TaskFrom { get; init; }

    /// <summary>True for an idle-time task, which has no completion-time promise.</summary>
    public bool? Idle { get; init; }

    /// <summary>When the provider accepted the job.</summary>
    public DateTimeOffset? CreatedAt { get; init; }

    /// <summary>How far the job has come as a whole.</summary>
    public JobProgress Progress { get; init; }

    /// <summary>
    /// Whether one report both listed all commands and said that the processing is over. A report that may list only some of
    /// them (Wangsu <c>separate</c>) never closes a job, whatever its code. Closed is not settled: items may say otherwise.
    /// </summary>
    public bool Closed { get; init; }

    /// <summary>The verdict on the job as a whole.</summary>
    public JobVerdict Verdict { get; init; }

    /// <summary>Whether the provider delivered its notification.</summary>
    public NotificationDelivery Delivery { get; init; }

    /// <summary>The items, ordered by command and occurrence, none twice. A report's are set by <see cref="WithItems"/>.</summary>
    public EquatableList<ItemFacts> Items { get; init; } = [];

    /// <summary>The most telling body so far, as redacted JSON: what a later version of FopWatch may want to read again.</summary>
    public RawBody? Raw { get; init; }

    /// <summary>
    /// Whether one report by itself said how the job ended: it closed the job, and every command that it listed is over. Never
    /// true of several reports only together, so that nothing that comes later can make a settled job run again.
    /// </summary>
    public bool Concluded { get; init; }

    /// <summary>The version of the rules by which secrets were taken out; 0 of what versions before 2 stored.</summary>
    public int Redaction { get; init; }

    /// <summary>What is left out because a store could not keep it. It never becomes less.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public FactsCut Cut { get; init; }

    /// <summary>The most outputs of each item that are kept, because the job would be too large with all of them; null for all. It never becomes more.</summary>
    public int? MostOutputs { get; init; }

    /// <summary>What <see cref="Counts"/> says where <see cref="Items"/> do not tell any more; null where they do.</summary>
    public JobCounts? CutCounts { get; init; }

    /// <summary>
    /// The outcome that follows from the facts, or null while the job is open. The items say it; the job as a whole is asked only
    /// whether it was cancelled, and where no item says anything.
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
                // No items, or all skipped: only the whole can say whether that was meant.
                (false, false) => Verdict == JobVerdict.Failed ? JobState.Failed : JobState.Succeeded,
            };
        }
    }

    /// <summary>Whether anything has started.</summary>
    public bool Started => Closed || Progress == JobProgress.Processing || Items.Any(item => item.State >= ItemState.Processing);

    /// <summary>The number of items in each state, those that were cut included.</summary>
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

    /// <summary>The items as they are shown: in the order of the report that concluded the job, then those that it did not list.</summary>
    [JsonIgnore]
    public IEnumerable<ItemFacts> ItemsInOrder => Items.OrderBy(item => item.Position ?? int.MaxValue);

    /// <summary>
    /// These facts with the items of one report, in its order. Numbers them; see <see cref="ItemFacts.Occurrence"/> and
    /// <see cref="ItemFacts.Position"/>.
    /// </summary>
    public JobFacts WithItems(IEnumerable<ItemFacts> items) => Numbering([.. items.Select((item, position) => item with { Position = position })]);

    /// <summary>
    /// These facts as the verdict on the whole leaves their items: what has not started when the whole has failed or was cancelled never will, and
    /// would be polled until the deadline. What has started may still end.
    /// </summary>
    internal JobFacts EndedByVerdict() => Verdict is JobVerdict.Failed or JobVerdict.Cancelled
        ? Numbering([.. Items.Select(item =>
            item is { State: ItemState.Waiting } or { State: ItemState.Unknown, Code: null, Error: null, Outputs.Count: 0 }
                ? item with { State = ItemState.Skipped }
                : item)])
        : this;

    /// <summary>
    /// A poll's facts, after these of the same job: where both have the same verdict, it is final. The first poll that has it may come while items still
    /// wait, at servers that derive the verdict from the items.
    /// </summary>
    internal JobFacts Confirmed(JobFacts polled) => Closed && Verdict == polled.Verdict ? polled.EndedByVerdict() : polled;

    /// <summary>
    /// These facts without the secrets that earlier versions left in them. Commands become what a report of today says, so that its items are
    /// the same ones.
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

    /// <summary>Everything that either says.</summary>
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
            // Over implies started, so a stale report on the way there adds nothing.
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

    /// <summary>These facts without what a cut leaves out, for a store that cannot keep them whole.</summary>
    public JobFacts CutTo(FactsCut cut) => cut <= Cut ? this : Without(cut, Counts);

    /// <summary>These facts within <see cref="FactsSize.Most"/>, whatever a provider sends.</summary>
    internal JobFacts Bounded()
    {
        var facts = this;
        for (var size = FactsSize.Of(facts); size.Total > FactsSize.Most && size.Shorten(facts) is { } shorter; size = FactsSize.Of(facts))
            facts = shorter;
        return facts;
    }

    /// <summary>The next lesser number of outputs of an item; null if only <see cref="OutputsKept"/> is less.</summary>
    internal static int? FewerOutputs(int? most) => most switch { null or > 10_000 => 10_000, > 1000 => 1000, _ => null };

    /// <summary>These facts with at most so many outputs of each item, the first in their order.</summary>
    internal JobFacts WithMostOutputs(int most) => this with { MostOutputs = most, Items = [.. Items.Select(item => item.WithMostOutputs(most))] };

    /// <summary>These facts as one report states them. Decides whether it concludes the job: <see cref="Concluded"/>.</summary>
    internal JobFacts WithConclusion() => Concludes ? Distinguished() with { Concluded = true } : Unordered() with { Concluded = false };

    private bool Concludes => Closed && Verdict switch
    {
        JobVerdict.Cancelled => true,
        JobVerdict.Failed or JobVerdict.Succeeded => Items.All(item => item.IsOver),

        // Commands that were all skipped say nothing: something has to have run, or the whole to say how it ended.
        _ => Items.Any(item => item.State != ItemState.Skipped) && Items.All(item => item.IsOver),
    };

    /// <summary>Whether the items or the whole moved between these facts and later ones.</summary>
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

    /// <summary>Whether the items leave out a command that is known to be unfinished.</summary>
    internal bool LacksUnfinished(JobFacts known)
    {
        var listed = Items.Select(item => item.Identity).ToHashSet();
        return known.Items.Any(item => !item.IsOver && !listed.Contains(item.Identity));
    }

    private JobFacts Unordered() =>
        Items.Any(item => item.Position is not null) ? this with { Items = [.. Items.Select(item => item with { Position = null })] } : this;

    /// <summary>
    /// Whether the order of these items is the one to keep: any order beats none, and of two the lesser beats the other, item by item by
    /// <see cref="ItemFacts.Identity"/>. Taking the least of a total order is a join.
    /// </summary>
    private bool ComparesFirst(JobFacts other)
    {
        // A job that is new has none.
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
    /// Of two counts the one that knows of more items, or else of more that are over, or else of more that succeeded: an order,
    /// so that taking the greater of two is a join. The counts of a report that lists all items are never the lesser.
    /// </summary>
    private static JobCounts Further(JobCounts a, JobCounts b) =>
        (a.Total, -a.Running, a.Succeeded, a.Failed).CompareTo((b.Total, -b.Running, b.Succeeded, b.Failed)) >= 0 ? a : b;

    private JobFacts Without(FactsCut cut, JobCounts counts)
    {
        var kept = this with { Cut = cut, Raw = null, Items = [.. Items.Select(item => item.CutTo(cut))] };
        if (cut < FactsCut.Items)
            return kept;

        // What the items said beyond their number has to be said without them.
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
