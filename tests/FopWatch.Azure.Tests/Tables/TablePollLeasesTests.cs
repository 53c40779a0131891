using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Providers;

namespace FopWatch.Azure.Tests.Tables;

/// <summary>The leases of the sources' poll rates, on Azurite, whose clock is the one that counts.</summary>
public sealed class TablePollLeasesTests(SharedAzurite azurite)
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Leases_are_read_as_they_were_written_and_only_one_of_two_writers_is_first()
    {
        await using var table = await TempTable.OpenAsync(await azurite.StartedAsync());
        var leases = table.Store.PollLeases();
        var until = DateTimeOffset.FromUnixTimeMilliseconds(1_900_000_000_123);

        var none = await leases.ReadAsync("media", Cancelled);
        Assert.Equal((0, null), (none.Leases.Count, none.ETag));
        Assert.InRange(none.Now - TimeProvider.System.GetUtcNow(), TimeSpan.FromSeconds(-5), TimeSpan.FromSeconds(5));

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
    public async Task A_row_that_somebody_wrote_by_hand_holds_what_can_be_read_of_it()
    {
        await using var table = await TempTable.OpenAsync(await azurite.StartedAsync());
        await table.Rows.UpsertEntityAsync(
            new global::Azure.Data.Tables.TableEntity("|", "p|media") { ["Leases"] = "one 2 1900000000123;nonsense;two x 1;three 1 -5; ;four -1 1;" },
            cancellationToken: Cancelled);

        var lease = Assert.Single((await table.Store.PollLeases().ReadAsync("media", Cancelled)).Leases);

        Assert.Equal(("one", 2), (lease.Owner, lease.Polls));
    }

    [Fact]
    public async Task A_store_that_cannot_answer_says_so()
    {
        var table = await TempTable.OpenAsync(await azurite.StartedAsync());
        var leases = table.Store.PollLeases();
        await table.DisposeAsync();

        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await leases.ReadAsync("media", Cancelled));
        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await leases.TryReplaceAsync("media", [], null, Cancelled));
    }

    [Fact(Timeout = 180_000)]
    public async Task Instances_keep_to_the_rate_together_and_take_over_from_one_that_was_killed()
    {
        var azuriteHere = await azurite.StartedAsync();
        await using var table = await TempTable.OpenAsync(azuriteHere);
        var source = new Source
        {
            Name = "media",
            Provider = ProviderKinds.For(ProviderKind.Qiniu),
            StatusEndpoint = new("http://127.0.0.1"),
            Tokens = NotifyTokens.Unmatchable,
            Poll = ProviderKinds.For(ProviderKind.Qiniu).DefaultPoll with { PerSecond = 20 },
        };
        var instances = new List<Instance>();
        for (var i = 0; i < 3; i++)
            instances.Add(await Instance.StartAsync(table, source));

        var since = TimeProvider.System.GetTimestamp();
        await UntilAsync(() => instances.TrueForAll(instance => instance.PerSecond() >= 4));
        await instances[1].EndAsync();
        await UntilAsync(() => instances[0].PerSecond() + instances[2].PerSecond() >= 15);
        await instances[0].EndAsync();
        await instances[2].EndAsync();
        var seconds = TimeProvider.System.GetElapsedTime(since).TotalSeconds;

        // A busy machine sees some polls late, so not every window is as long as it was; PollSharesTests are exact.
        var polls = instances.SelectMany(instance => instance.Polls).Order().ToList();
        var most = 4 * PollRate.Of(source).Polls;
        Assert.All(polls.Zip(polls.Skip(most)), pair => Assert.True(
            TimeProvider.System.GetElapsedTime(pair.First, pair.Second) >= TimeSpan.FromSeconds(3),
            $"{most + 1} polls in {TimeProvider.System.GetElapsedTime(pair.First, pair.Second)}"));

        instances.ForEach(instance => instance.Dispose());

        // A read and a write each renewal, and what is tried again where two write at once.
        Assert.All(instances, instance => Assert.InRange(instance.Requests, 2, 10 + (int)seconds));
    }

    private static async Task UntilAsync(Func<bool> isSo)
    {
        while (!isSo())
            await Task.Delay(250, Cancelled);
    }

    /// <summary>One that polls as often as it may. It is killed by no more being heard of it: it gives nothing back.</summary>
    private sealed class Instance : IDisposable
    {
        private readonly CancellationTokenSource _end = new();
        private readonly Wire _wire = new();
        private readonly List<long> _polls = [];
        private Task _polling = Task.CompletedTask;

        public IReadOnlyList<long> Polls => _polls;

        public int Requests => _wire.Requests.Count;

        public static async Task<Instance> StartAsync(TempTable table, Source source)
        {
            var instance = new Instance();
            var store = await table.StoreAsync(instance._wire.Between, TimeProvider.System);
            var shares = new PollShares(store.PollLeases(), TimeProvider.System, Guid.NewGuid().ToString("N"))
            {
                Length = TimeSpan.FromSeconds(5),
                Renewal = TimeSpan.FromSeconds(3),
                Waiting = TimeSpan.FromSeconds(1.5),
            };
            var pacer = new PollPacer(TimeProvider.System, shares);
            instance._wire.Take();
            instance._polling = Task.Run(async () =>
            {
                while (true)
                {
                    await pacer.WaitAsync(source, instance._end.Token);
                    lock (instance._polls)
                        instance._polls.Add(TimeProvider.System.GetTimestamp());
                }
            });
            return instance;
        }

        public double PerSecond()
        {
            var seconds = TimeSpan.FromSeconds(4);
            lock (_polls)
                return _polls.Count(at => TimeProvider.System.GetElapsedTime(at) < seconds) / seconds.TotalSeconds;
        }

        public async Task EndAsync()
        {
            await _end.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _polling);
        }

        public void Dispose() => _end.Dispose();
    }
}
