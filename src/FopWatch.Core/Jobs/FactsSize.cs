using System.Buffers;

namespace FopWatch.Jobs;

/// <summary>An upper bound of the size of facts as JSON, in bytes, and the cuts that reduce it.</summary>
internal readonly record struct FactsSize(long Outputs, long Others)
{
    /// <summary>The most bytes of a job, and of an event.</summary>
    public const int Most = 8 * 1024 * 1024;

    // Names, punctuation and values that are not text.
    private const int AroundItem = 512;
    private const int AroundOutput = 96;
    private const int AroundPart = 64;
    private const int LongestEscape = 6;

    // Characters that no encoder escapes.
    private static readonly SearchValues<char> Plain =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 !#$%()*,-./:;=?@[]^_{|}~");

    public long Total => Outputs + Others;

    public static FactsSize Of(JobFacts facts)
    {
        var others = Length(facts.Bucket) + Length(facts.Key) + Length(facts.Pipeline) + Length(facts.RequestId) + Length(facts.TaskFrom) + Length(facts.Raw?.Json);
        var outputs = 0L;
        foreach (var item in facts.Items)
        {
            others += AroundItem + Length(item.Command) + Length(item.Description) + Length(item.Error) + Length(item.Result)
                + Length(item.Input?.Bucket) + Length(item.Input?.Key);
            foreach (var part in item.ResultCut?.Parts ?? [])
                others += AroundPart + Length(part.At);
            foreach (var output in item.Outputs)
                outputs += AroundOutput + Length(output.Bucket) + Length(output.Key) + Length(output.Hash) + Length(output.Url);
        }

        return new(outputs, others);
    }

    /// <summary>The next shorter form of facts: with fewer outputs if outputs are the larger part, else with a further cut; null if there is none.</summary>
    public JobFacts? Shorten(JobFacts facts) =>
        facts.Cut < FactsCut.Raw && facts.Raw is not null ? facts.CutTo(FactsCut.Raw)
        : Outputs > Others && JobFacts.FewerOutputs(facts.MostOutputs) is { } fewer ? facts.WithMostOutputs(fewer)
        : facts.Cut < FactsCut.Texts ? facts.CutTo(facts.Cut + 1)
        : null;

    private static long Length(string? text)
    {
        if (text is null)
            return 0;

        var rest = text.AsSpan();
        var length = (long)text.Length;
        while (rest.IndexOfAnyExcept(Plain) is >= 0 and var next)
        {
            length += LongestEscape - 1;
            rest = rest[(next + 1)..];
        }

        return length;
    }
}
