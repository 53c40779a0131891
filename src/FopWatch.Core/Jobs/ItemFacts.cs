using System.Globalization;
using System.Text.Json.Serialization;
using FopWatch.Contracts;
using FopWatch.Providers;

namespace FopWatch.Jobs;

/// <summary>The facts about one output file of a command. They are merged field by field.</summary>
public sealed record OutputFacts
{
    /// <summary>The bucket; null if unknown.</summary>
    public string? Bucket { get; init; }

    /// <summary>The key.</summary>
    public string? Key { get; init; }

    /// <summary>The provider's content hash.</summary>
    public string? Hash { get; init; }

    /// <summary>The URL that the provider gave. It is data and never fetched. A URL that follows from settings is not stored.</summary>
    public string? Url { get; init; }

    /// <summary>The size, in bytes.</summary>
    public long? Size { get; init; }

    internal OutputFacts Redacted() => Url is not null || (Key is not null && CommandRedaction.MayBeUrl(Key))
        ? this with { Key = CommandRedaction.RedactUrl(Key), Url = Url is null ? null : CommandRedaction.Redact(Url) }
        : this;

    internal OutputFacts Join(OutputFacts other) => this with
    {
        Hash = Facts.Max(Hash, other.Hash),
        Url = Facts.Max(Url, other.Url),
        Size = Facts.Max(Size, other.Size),
    };
}

/// <summary>The input file of a command.</summary>
public sealed record InputFacts : IComparable<InputFacts>
{
    /// <summary>The bucket; null if unknown.</summary>
    public string? Bucket { get; init; }

    /// <summary>The key, or the prefix of keys; empty for a whole bucket.</summary>
    public required string Key { get; init; }

    // The command that names it is redacted in the same way.
    internal InputFacts Redacted() => CommandRedaction.RedactUrl(Key) is { } key && key != Key ? this with { Key = key } : this;

    /// <inheritdoc/>
    public int CompareTo(InputFacts? other)
    {
        if (other is null)
            return 1;

        var byKey = string.CompareOrdinal(Key, other.Key);
        return byKey != 0 ? byKey : string.CompareOrdinal(Bucket, other.Bucket);
    }
}

/// <summary>
/// The facts about one command of a job. Of two items, the one in the later state wins as a whole. In the same state, one that is
/// <see cref="IsOneOfEquals"/> wins. Otherwise the fields are merged. This is a lexicographic product of chains and a join, hence a join.
/// </summary>
public sealed record ItemFacts
{
    /// <summary>The length of an error after a cut of details, in UTF-16 characters; one more if that would split a surrogate pair.</summary>
    public const int ErrorKept = 200;

    /// <summary>The command, with secrets redacted.</summary>
    public required string Command { get; init; }

    /// <summary>
    /// 0 for the first item with this command, 1 for the second, and so on. The same command may occur twice in a job, and answers list items in
    /// any order, so items of one command are numbered from the latest state to the earliest (<see cref="JobFacts.WithItems"/>).
    /// </summary>
    public int Occurrence { get; init; }

    /// <summary>
    /// The index in the report that concluded the job (<see cref="JobFacts.Concluded"/>); null if no report did, or if that report did not
    /// list the item.
    /// </summary>
    public int? Position { get; init; }

    /// <summary>
    /// Whether the report that concluded the job listed this command more than once. Only that report shows which of them has which output, so of
    /// two items in the same state this one wins as a whole.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool IsOneOfEquals { get; init; }

    /// <summary>The state.</summary>
    public required ItemState State { get; init; }

    /// <summary>The provider's code, stored because providers add codes.</summary>
    public long? Code { get; init; }

    /// <summary>The provider's description of the code.</summary>
    public string? Description { get; init; }

    /// <summary>The provider's error text; never empty.</summary>
    public string? Error { get; init; }

    /// <summary>Whether <see cref="Error"/> is only the beginning of the text.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool ErrorCut { get; init; }

    /// <summary>The index of the segment of a pipeline that failed, from 0.</summary>
    public int? ErrorIndex { get; init; }

    /// <summary>True if the provider returned an existing output without processing.</summary>
    public bool? ReusedOldOutput { get; init; }

    /// <summary>The result of a command that produces no file, as JSON text.</summary>
    public string? Result { get; init; }

    /// <summary>The parts removed from <see cref="Result"/>; null if it is whole.</summary>
    public ResultCut? ResultCut { get; init; }

    /// <summary>The input file, if the report names it for this command.</summary>
    public InputFacts? Input { get; init; }

    /// <summary>The output files, ordered by bucket and key, without duplicates.</summary>
    public EquatableList<OutputFacts> Outputs { get; init; } = [];

    /// <summary>Whether outputs were left out.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool OutputsCut { get; init; }

    /// <summary>Whether the state is final.</summary>
    public bool IsOver => State is ItemState.Skipped or ItemState.Failed or ItemState.Succeeded;

    /// <summary>Identifies the item within its job.</summary>
    internal (string Command, int Occurrence) Identity => (Command, Occurrence);

    internal static int ByIdentity((string Command, int Occurrence) a, (string Command, int Occurrence) b)
    {
        var byCommand = string.CompareOrdinal(a.Command, b.Command);
        return byCommand != 0 ? byCommand : a.Occurrence.CompareTo(b.Occurrence);
    }

    internal ItemFacts Join(ItemFacts other)
    {
        if (State != other.State)
            return State > other.State ? this : other;
        if (IsOneOfEquals != other.IsOneOfEquals)
            return IsOneOfEquals ? this : other;

        var error = string.CompareOrdinal(Error, other.Error);
        var (result, resultCut) = JoinResults(this, other);
        return this with
        {
            Code = Facts.Max(Code, other.Code),
            Description = Facts.Max(Description, other.Description),
            Error = error >= 0 ? Error : other.Error,
            ErrorCut = error switch { > 0 => ErrorCut, < 0 => other.ErrorCut, _ => ErrorCut || other.ErrorCut },
            ErrorIndex = Facts.Max(ErrorIndex, other.ErrorIndex),
            ReusedOldOutput = Facts.Max(ReusedOldOutput, other.ReusedOldOutput),
            Result = result,
            ResultCut = resultCut,
            Input = Facts.Max(Input, other.Input),
            Outputs = JoinOutputs(Outputs, other.Outputs),
            OutputsCut = OutputsCut || other.OutputsCut,
        };
    }

    /// <summary>The item after a cut. The function preserves the order of texts, so that cutting is compatible with joining.</summary>
    internal ItemFacts CutTo(FactsCut cut)
    {
        if (cut < FactsCut.Results)
            return this;

        var outputsKept = cut >= FactsCut.Details ? 0 : cut >= FactsCut.Outputs ? JobFacts.OutputsKept : int.MaxValue;
        var errorIsLong = cut >= FactsCut.Details && Error?.Length > ErrorKept;
        var (result, resultCut) = JsonCut.To(ResultLimit.Of(cut), Result, ResultCut);
        return (this with
        {
            Description = cut >= FactsCut.Details ? null : Description,
            Error = errorIsLong ? Shortened(Error!) : Error,
            ErrorCut = ErrorCut || errorIsLong,
            Result = result,
            ResultCut = resultCut,
        }).WithMostOutputs(outputsKept);
    }

    /// <summary>The item with only its first outputs, so that cutting is compatible with joining.</summary>
    internal ItemFacts WithMostOutputs(int most) =>
        Outputs.Count <= most ? this : this with { Outputs = [.. Outputs.Take(most)], OutputsCut = true };

    /// <summary>
    /// The beginning of an error that is longer than <see cref="ErrorKept"/>. A surrogate pair at its end stays whole: without its second half, or
    /// with a replacement, the order of two texts could reverse.
    /// </summary>
    internal static string Shortened(string error) => error[..(char.IsHighSurrogate(error[ErrorKept - 1]) ? ErrorKept + 1 : ErrorKept)];

    /// <summary>
    /// Of two different results, the hash of the whole decides, whatever a cut left of it. Strings rank last, because earlier versions stored the
    /// beginning of a long result as a string.
    /// </summary>
    private static (string? Result, ResultCut? Cut) JoinResults(ItemFacts a, ItemFacts b)
    {
        if (b.HasNoResult || (a.Result == b.Result && a.ResultCut == b.ResultCut))
            return (a.Result, a.ResultCut);
        if (a.HasNoResult)
            return (b.Result, b.ResultCut);

        var order = Rank(a).CompareTo(Rank(b));
        if (order == 0)
            order = (a.Result?.Length ?? 0).CompareTo(b.Result?.Length ?? 0);
        if (order == 0)
            order = string.CompareOrdinal(a.Result, b.Result);
        return order >= 0 ? (a.Result, a.ResultCut) : (b.Result, b.ResultCut);

        static (bool, UInt128) Rank(ItemFacts item) => (
            item.Result?.StartsWith('"') != true,
            UInt128.Parse(item.ResultCut?.Whole ?? ResultCut.HashOf(item.Result!), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));
    }

    private bool HasNoResult => Result is null && ResultCut is null;

    /// <summary>Orders outputs and merges those of one bucket and key, so that equal sets of outputs are equal lists.</summary>
    internal static EquatableList<OutputFacts> JoinOutputs(EquatableList<OutputFacts> some, EquatableList<OutputFacts> more)
    {
        if (some.Count + more.Count < 2)
            return some.Count > 0 ? some : more;

        // A list may have hundreds of thousands of outputs, so it is sorted and merged in one array.
        OutputFacts[] all = [.. some, .. more];
        Array.Sort(all, ByIdentity);
        var last = 0;
        for (var next = 1; next < all.Length; next++)
        {
            if (ByIdentity(all[last], all[next]) == 0)
                all[last] = all[last].Join(all[next]);
            else
                all[++last] = all[next];
        }

        return [.. all.AsSpan(0, last + 1)];

        static int ByIdentity(OutputFacts a, OutputFacts b)
        {
            var byBucket = string.CompareOrdinal(a.Bucket, b.Bucket);
            return byBucket != 0 ? byBucket : string.CompareOrdinal(a.Key, b.Key);
        }
    }

    /// <summary>
    /// The order in which items of one command are numbered: latest state first, then by content. Because states only move forward, the n-th
    /// item of this order does too, whatever order the provider lists them in.
    /// </summary>
    internal static int FurthestFirst(ItemFacts a, ItemFacts b)
    {
        var byState = ((int)b.State).CompareTo((int)a.State);
        if (byState != 0)
            return byState;

        var byOutput = string.CompareOrdinal(FirstOutput(a)?.Key, FirstOutput(b)?.Key);
        if (byOutput != 0)
            return byOutput;

        var byHash = string.CompareOrdinal(FirstOutput(a)?.Hash, FirstOutput(b)?.Hash);
        if (byHash != 0)
            return byHash;

        var byError = string.CompareOrdinal(a.Error, b.Error);
        return byError != 0 ? byError : ByTheRest(a, b);

        static OutputFacts? FirstOutput(ItemFacts item) => item.Outputs.Count > 0 ? item.Outputs[0] : null;
    }

    // Compares all other members, so that the order in which a provider lists equal commands never decides.
    private static int ByTheRest(ItemFacts a, ItemFacts b)
    {
        var order = Nullable.Compare(a.Code, b.Code);
        if (order == 0)
            order = string.CompareOrdinal(a.Description, b.Description);
        if (order == 0)
            order = Nullable.Compare(a.ErrorIndex, b.ErrorIndex);
        if (order == 0)
            order = Nullable.Compare(a.ReusedOldOutput, b.ReusedOldOutput);
        if (order == 0)
            order = string.CompareOrdinal(a.Result, b.Result);
        if (order == 0)
            order = string.CompareOrdinal(a.ResultCut?.Whole, b.ResultCut?.Whole);
        if (order == 0)
            order = Comparer<InputFacts>.Default.Compare(a.Input, b.Input);
        if (order == 0)
            order = a.Outputs.Count.CompareTo(b.Outputs.Count);
        for (var i = 0; order == 0 && i < a.Outputs.Count; i++)
            order = Compare(a.Outputs[i], b.Outputs[i]);
        return order;

        static int Compare(OutputFacts a, OutputFacts b)
        {
            var order = string.CompareOrdinal(a.Bucket, b.Bucket);
            if (order == 0)
                order = string.CompareOrdinal(a.Key, b.Key);
            if (order == 0)
                order = string.CompareOrdinal(a.Hash, b.Hash);
            if (order == 0)
                order = string.CompareOrdinal(a.Url, b.Url);
            return order != 0 ? order : Nullable.Compare(a.Size, b.Size);
        }
    }
}

/// <summary>The joins of single values: a known value beats null, and the greater of two contradicting values wins.</summary>
internal static class Facts
{
    public static string? Max(string? a, string? b) => string.CompareOrdinal(a, b) >= 0 ? a : b;

    public static InputFacts? Max(InputFacts? a, InputFacts? b) => Comparer<InputFacts>.Default.Compare(a, b) >= 0 ? a : b;

    public static T? Max<T>(T? a, T? b)
        where T : struct, IComparable<T> => Nullable.Compare(a, b) >= 0 ? a : b;

    public static int? Min(int? a, int? b) => a is null || b < a ? b : a;

    public static T Max<T>(T a, T b)
        where T : struct, Enum => Comparer<T>.Default.Compare(a, b) >= 0 ? a : b;
}
