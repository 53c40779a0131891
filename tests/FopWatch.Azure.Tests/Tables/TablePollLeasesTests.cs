using FopWatch.Azure.Tables;
using FopWatch.Jobs;
using FopWatch.PollLimits;

namespace FopWatch.Azure.Tests.Tables;

/// <summary>The leases of the sources' poll rates, on Azurite, whose clock decides.</summary>
public sealed class TablePollLeasesTests(SharedAzurite azurite)
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Leases_survive_a_round_trip_and_only_one_of_two_writers_succeeds()
    {
        await using var table = await TempTable.OpenAsync(await azurite.StartedAsync());
        var leases = table.Store.PollLeases;
        var until = DateTimeOffset.FromUnixTimeMilliseconds(1_900_000_000_123);

        var before = TimeProvider.System.GetUtcNow();
        var none = await leases.ReadAsync("media", Cancelled);
        Assert.Equal((0, null), (none.Leases.Count, none.ETag));
        Assert.InRange(none.Now, before - TimeSpan.FromSeconds(2), TimeProvider.System.GetUtcNow() + TimeSpan.FromSeconds(2));

        Assert.True(await leases.TryReplaceAsync("media", [new("one", 7, until), new("", 3, until), new("two", 0, until)], null, Cancelled));
        Assert.False(await leases.TryReplaceAsync("media", [new("three", 1, until)], null, Cancelled));

        var book = await leases.ReadAsync("media", Cancelled);
        Assert.Equal([new("one", 7, until), new("", 3, until), new("two", 0, until)], book.Leases);
        Assert.True(await leases.TryReplaceAsync("media", [], book.ETag, Cancelled));
        Assert.False(await leases.TryReplaceAsync("media", book.Leases, book.ETag, Cancelled));
        Assert.Empty((await leases.ReadAsync("media", Cancelled)).Leases);
        Assert.Null((await leases.ReadAsync("other", Cancelled)).ETag);
    }

    [Fact]
    public async Task A_row_edited_by_hand_is_read_as_far_as_possible()
    {
        await using var table = await TempTable.OpenAsync(await azurite.StartedAsync());
        await table.Rows.UpsertEntityAsync(
            new global::Azure.Data.Tables.TableEntity("|", "p|media") { ["Leases"] = "one 2 1900000000123;nonsense;two x 1;three 1 -5; ;four -1 1;" },
            cancellationToken: Cancelled);

        var lease = Assert.Single((await table.Store.PollLeases.ReadAsync("media", Cancelled)).Leases);

        Assert.Equal(("one", 2), (lease.Owner, lease.Polls));
    }

    [Fact]
    public async Task A_store_that_cannot_answer_says_so()
    {
        var table = await TempTable.OpenAsync(await azurite.StartedAsync());
        var leases = table.Store.PollLeases;
        await table.DisposeAsync();

        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await leases.ReadAsync("media", Cancelled));
        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await leases.TryReplaceAsync("media", [], null, Cancelled));
    }

    [Fact(Timeout = 15 * 60_000)]
    public async Task Processes_share_the_rate_and_take_over_from_a_killed_one()
    {
        var storage = await azurite.StartedAsync();
        await using var table = await TempTable.OpenAsync(storage, buckets: new TableStoreOptions().Buckets);
        using var first = new PollingProcess(storage.ConnectionString, table.Options.TableName);
        using var second = new PollingProcess(storage.ConnectionString, table.Options.TableName);
        using var third = new PollingProcess(storage.ConnectionString, table.Options.TableName);
        PollingProcess[] processes = [first, second, third];

        var since = TimeProvider.System.GetTimestamp();
        await Eventually.HoldsAsync(() => processes.All(process => process.PerSecond() >= 4), TimeSpan.FromMinutes(5));
        await second.KillAsync();
        await Eventually.HoldsAsync(() => first.PerSecond() + third.PerSecond() >= 15, TimeSpan.FromMinutes(5));
        await first.KillAsync();
        await third.KillAsync();
        var seconds = TimeProvider.System.GetElapsedTime(since).TotalSeconds;

        // Exact, with no tolerance: each pacer leaves a window between a poll and the poll one share later, by the times at which it
        // counts them, and the shares never exceed the rate. A busy machine delays polls after they are
        // counted, which is not the pacer's doing, so the test uses the times at which they were counted.
        var rate = PollRate.Of(PollUntilKilled.Source);
        var polls = processes.SelectMany(process => process.Polls).Order().ToList();
        Assert.All(polls.Zip(polls.Skip(rate.Polls)), pair => Assert.True(
            TimeProvider.System.GetElapsedTime(pair.First, pair.Second) >= rate.Window,
            $"{rate.Polls + 1} polls in {TimeProvider.System.GetElapsedTime(pair.First, pair.Second)}"));

        // A read and a write at each renewal, and retries if two write at once.
        Assert.All(processes, process => Assert.InRange(process.Requests, 2, 10 + (int)seconds));
    }
}
