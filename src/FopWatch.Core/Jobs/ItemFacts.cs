using FopWatch.Contracts;

namespace FopWatch.Jobs;

/// <summary>What is known of one file that a command made. Merged field by field.</summary>
public sealed record OutputFacts
{
    /// <summary>The bucket, where it is known.</summary>
    public string? Bucket { get; init; }

    /// <summary>The key.</summary>
    public string? Key { get; init; }

    /// <summary>The provider's content hash.</summary>
    public string? Hash { get; init; }

    /// <summary>A URL that the provider gave: data, never fetched. One that follows from settings is not kept.</summary>
    public string? Url { get; init; }

    /// <summary>Bytes.</summary>
    public long? Size { get; init; }

    internal OutputFacts Join(OutputFacts other) => this with
    {
        Hash = Facts.Max(Hash, other.Hash),
        Url = Facts.Max(Url, other.Url),
        Size = Facts.Max(Size, other.Size),
    };
}

/// <summary>
/// What is known of one command of a job. The item that is further on wins as a whole; of two in the same state the fields are
/// merged. That is a lexicographic product of a chain and a join, hence a join.
/// </summary>
public sealed record ItemFacts
{
    /// <summary>The command, secrets redacted.</summary>
    public required string Command { get; init; }

    /// <summary>
    /// 0 for the first item with this command, 1 for the second … The same command may occur twice in a job, and answers list
    /// items in any order, so items of one command are numbered from the furthest on to the least (<see cref="JobFacts.WithItems"/>).
    /// </summary>
    public int Occurrence { get; init; }

    /// <summary>How it stands.</summary>
    public required ItemState State { get; init; }

    /// <summary>The provider's own code, kept because providers add codes.</summary>
    public long? Code { get; init; }

    /// <summary>The provider's description of the code.</summary>
    public string? Description { get; init; }

    /// <summary>The provider's error text; never empty.</summary>
    public string? Error { get; init; }

    /// <summary>0-based failing segment of a pipeline.</summary>
    public int? ErrorIndex { get; init; }

    /// <summary>True where old output came back and nothing was processed.</summary>
    public bool? ReusedOldOutput { get; init; }

    /// <summary>The answer of a command that makes no file, as JSON text.</summary>
    public string? Result { get; init; }

    /// <summary>The files that it made, ordered by bucket and key, none twice.</summary>
    public EquatableList<OutputFacts> Outputs { get; init; } = [];

    /// <summary>Whether nothing more can come.</summary>
    public bool IsOver => State is ItemState.Skipped or ItemState.Failed or ItemState.Succeeded;

    /// <summary>What identifies the item within its job.</summary>
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

        return this with
        {
            Code = Facts.Max(Code, other.Code),
            Description = Facts.Max(Description, other.Description),
            Error = Facts.Max(Error, other.Error),
            ErrorIndex = Facts.Max(ErrorIndex, other.ErrorIndex),
            ReusedOldOutput = Facts.Max(ReusedOldOutput, other.ReusedOldOutput),
            Result = Facts.Max(Result, other.Result),
            Outputs = JoinOutputs(Outputs, other.Outputs),
        };
    }

    /// <summary>Orders outputs and merges those of one bucket and key, so that equal sets of outputs are equal lists.</summary>
    internal static EquatableList<OutputFacts> JoinOutputs(EquatableList<OutputFacts> some, EquatableList<OutputFacts> more)
    {
        if (some.Count + more.Count < 2)
            return some.Count > 0 ? some : more;

        // A list may have hundreds of thousands, so it is sorted and merged in one array.
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
    /// The furthest on first, then by content: the order in which items of one command are numbered. As true states only move
    /// forward, the n-th of this order does too, whatever order the provider lists them in.
    /// </summary>
    internal static int FurthestFirst(ItemFacts a, ItemFacts b)
    {
        var byState = b.State.CompareTo(a.State);
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

    /// <summary>Whatever else may differ, so that the order in which a provider lists equal commands never decides.</summary>
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

/// <summary>The joins of single values: what is known beats what is not, and of two contradicting values one is picked by their order.</summary>
internal static class Facts
{
    public static string? Max(string? a, string? b) => string.CompareOrdinal(a, b) >= 0 ? a : b;

    public static T? Max<T>(T? a, T? b)
        where T : struct, IComparable<T> => Nullable.Compare(a, b) >= 0 ? a : b;

    public static T Max<T>(T a, T b)
        where T : struct, Enum => Comparer<T>.Default.Compare(a, b) >= 0 ? a : b;
}
