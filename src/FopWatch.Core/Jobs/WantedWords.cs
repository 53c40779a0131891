namespace FopWatch.Jobs;

/// <summary>Whether a job has the words of a query, as far as its index words show.</summary>
public enum WordMatch
{
    /// <summary>It does not have them.</summary>
    No,

    /// <summary>Its words were cut or are incomplete, so its document must be checked.</summary>
    Maybe,

    /// <summary>It has them.</summary>
    Yes,
}

/// <summary>A word of a query.</summary>
/// <param name="Word">The word, cut like the words of jobs.</param>
/// <param name="IsPrefix">Whether a longer word that begins with it matches too.</param>
/// <param name="IsMetadata">Whether a job with the word <see cref="JobWords.More"/> may have it only in its document.</param>
/// <param name="IsCertain">Whether no other text gives the same word.</param>
public readonly record struct WantedWord(ReadOnlyMemory<byte> Word, bool IsPrefix, bool IsMetadata, bool IsCertain)
{
    /// <summary>Whether a word of a job matches.</summary>
    public bool Is(ReadOnlySpan<byte> word) => IsPrefix ? word.StartsWith(Word.Span) : word.SequenceEqual(Word.Span);
}

/// <summary>The words of a query. A matching job has all of them.</summary>
public sealed class WantedWords
{
    private WantedWords(IReadOnlyList<WantedWord> all, bool isOnlyFilter) => (All, IsOnlyFilter) = (all, isOnlyFilter);

    /// <summary>The words.</summary>
    public IReadOnlyList<WantedWord> All { get; }

    /// <summary>
    /// Whether one word is the only filter other than source and time, so that nearly all jobs with that word match. Only then does a store page through the jobs
    /// of a word that are too many to be sorted. With another filter, few of them may match, and the list, which has all filters' columns, is examined first.
    /// </summary>
    public bool IsOnlyFilter { get; }

    /// <summary>The words of a query.</summary>
    public static WantedWords Of(JobQuery query)
    {
        ArgumentNullException.ThrowIfNull(query);
        var words = new List<WantedWord>();
        foreach (var (name, value) in query.Metadata)
        {
            var isOneText = !name.Contains('\0', StringComparison.Ordinal) && !value.Contains('\0', StringComparison.Ordinal);
            Add(JobWords.OfMetadata(name, value), isPrefix: false, isMetadata: true, isOneText);
        }

        if (query.KeyPrefix is { } key)
            Add(JobWords.OfKey(key), isPrefix: true, isMetadata: false, isOneText: true);
        if (query.Bucket is { } bucket)
            Add(JobWords.OfBucket(bucket), isPrefix: false, isMetadata: false, isOneText: true);
        return new(words, words.Count == 1 && query is { States.Count: 0, Watches.Count: 0, Overdue: null, IdPrefix: null });

        void Add(ReadOnlyMemory<byte> word, bool isPrefix, bool isMetadata, bool isOneText) =>
            words.Add(new(word, isPrefix, isMetadata, isOneText && word.Length <= JobWords.MaxLength));
    }

    /// <summary>Whether a job has all of them.</summary>
    /// <param name="words">The words of the job, as <see cref="JobWords.Of"/> wrote them.</param>
    public WordMatch In(ReadOnlyMemory<byte> words)
    {
        var match = WordMatch.Yes;
        foreach (var wanted in All)
        {
            var (found, more) = (false, false);
            foreach (var word in JobWords.Each(words))
            {
                found |= wanted.Is(word.Span);
                more |= word.Span.SequenceEqual(JobWords.More.Span);
            }

            if (!found && !(wanted.IsMetadata && more))
                return WordMatch.No;
            if (!found || !wanted.IsCertain)
                match = WordMatch.Maybe;
        }

        return match;
    }
}
