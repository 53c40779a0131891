using Azure.Data.Tables;
using FopWatch.Jobs;

namespace FopWatch.Azure.Tables;

/// <summary>How many of the examined rows of the list have each id prefix or word of a query: an estimate of how selective the filters are.</summary>
internal sealed class FilterCounts(JobQuery query, WantedWords wanted)
{
    private readonly int[] _words = new int[wanted.All.Count];
    private int _ids;

    /// <summary>Adds a row.</summary>
    public void Add(TableEntity listed)
    {
        if (query.IdPrefix is not null && RowKeys.ReadListed(listed.RowKey).Id.StartsWith(query.IdPrefix, StringComparison.Ordinal))
            _ids++;
        if (_words.Length == 0 || StoredWords.Read(listed) is not { } written)
            return;
        foreach (var word in JobWords.Each(written))
        {
            for (var i = 0; i < _words.Length; i++)
            {
                if (wanted.All[i].Is(word.Span))
                    _words[i]++;
            }
        }
    }

    /// <summary>
    /// The prefix of ids or keys that is more selective than every exact word; null if there is none. Equal counts favour exact words, whose rows are in the order
    /// of the list, and then ids, whose rows have the columns of the other filters.
    /// </summary>
    /// <param name="hasWords">Whether the words are indexed.</param>
    public (bool IsId, int Count)? BestPrefix(bool hasWords)
    {
        (bool IsId, int Count)? best = query.IdPrefix is null ? null : (true, _ids);
        int? exact = null;
        for (var i = 0; hasWords && i < _words.Length; i++)
        {
            if (!wanted.All[i].IsPrefix)
                exact = Math.Min(exact ?? int.MaxValue, _words[i]);
            else if (best is null || _words[i] < best.Value.Count)
                best = (false, _words[i]);
        }

        return best is var (_, count) && exact <= count ? null : best;
    }
}
