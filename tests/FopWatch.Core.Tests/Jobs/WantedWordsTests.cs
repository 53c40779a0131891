using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Watching;

namespace FopWatch.Core.Tests.Jobs;

/// <summary>Which words a store may page through however many jobs have them.</summary>
public sealed class WantedWordsTests
{
    private static readonly JobQuery OneEntry = new() { Metadata = [new("lesson", "42")] };

    [Fact]
    public void One_word_with_a_source_and_times_is_the_only_filter()
    {
        JobQuery[] queries =
        [
            OneEntry,
            new() { Bucket = "b" },
            new() { KeyPrefix = "k" },
            OneEntry with { Source = "media", Within = ["media"], Since = DateTimeOffset.UnixEpoch, Until = DateTimeOffset.MaxValue },
        ];
        Assert.All(queries, query => Assert.True(WantedWords.Of(query).IsOnlyFilter));
    }

    [Fact]
    public void With_any_other_filter_it_is_not()
    {
        JobQuery[] queries =
        [
            new() { Source = "media" },
            new() { IdPrefix = "z0." },
            OneEntry with { Bucket = "b" },
            OneEntry with { KeyPrefix = "k" },
            OneEntry with { IdPrefix = "z0." },
            OneEntry with { States = [JobState.Failed] },
            OneEntry with { Watches = [WatchStatus.Stopped] },
            OneEntry with { Overdue = false },
            OneEntry with { Metadata = [.. OneEntry.Metadata, new("course", "a")] },
        ];
        Assert.All(queries, query => Assert.False(WantedWords.Of(query).IsOnlyFilter));
    }
}
