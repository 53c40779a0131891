using FopWatch.Azure.Tables;
using FopWatch.Jobs;
using FopWatch.PortContracts;
using FopWatch.Watching;

namespace FopWatch.Azure.Tests.Tables;

/// <summary>The keys of rows. They can never change, because existing tables use them.</summary>
public sealed class TableKeyTests(SharedAzurite azurite)
{
    private const string Characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("z0.560e99c37823de5a49c22393", 16, 15)]
    [InlineData("z0.0A22344148402AA8255D522E3A269638", 16, 5)]
    [InlineData("16864pauo1vc9nhp12", 16, 6)]
    [InlineData("16864pauo1vc9nhp12", 256, 182)]
    [InlineData("a", 1, 0)]
    public void An_id_stays_in_its_bucket(string id, int buckets, int bucket) => Assert.Equal(bucket, RowKeys.Bucket(id, buckets));

    [Fact]
    public void Similar_ids_are_spread_evenly()
    {
        var counts = Enumerable.Range(0, 16_000).Select(i => RowKeys.Bucket($"z0.560e99c37823de5a49c{i:x5}", 16)).CountBy(bucket => bucket).ToList();

        Assert.Equal(16, counts.Count);
        Assert.All(counts, count => Assert.InRange(count.Value, 850, 1150));
    }

    [Fact]
    public void Row_keys_have_not_changed()
    {
        var time = new DateTimeOffset(2026, 3, 1, 8, 0, 0, TimeSpan.Zero);

        Assert.Equal("media|7", RowKeys.Partition("media", 7));
        Assert.Equal("media|q", RowKeys.Quarantine("media"));
        Assert.Equal("j|z0.a", RowKeys.Job("z0.a"));
        Assert.Equal("d|0639079488000000000|z0.a", RowKeys.DueAt(time, "z0.a"));
        Assert.Equal("l|2516299487999999999|z0.a", RowKeys.ListedAt(time, "z0.a"));
        Assert.Equal("o|0639079488000000000|z0.a|0000000000000000012", RowKeys.Event(time, "z0.a", 12));
        Assert.Equal("r|0123456789abcdef01234567", RowKeys.Reference("0123456789abcdef01234567"));
        Assert.Equal("h|cdcf~", RowKeys.Notification("20"));
        Assert.Equal("c|cdcf~|0003", RowKeys.Chunk("h|cdcf~", 3));
    }

    [Fact]
    public void Keys_survive_a_round_trip()
    {
        var time = new DateTimeOffset(2026, 3, 1, 16, 0, 0, 123, TimeSpan.FromHours(8)).AddTicks(4567);

        Assert.Equal((time, "z0._-"), RowKeys.ReadDue(RowKeys.DueAt(time, "z0._-")));
        Assert.Equal((time, "z0._-"), RowKeys.ReadListed(RowKeys.ListedAt(time, "z0._-")));
        Assert.Equal((time, "z0._-", 42L), RowKeys.TryReadEvent(RowKeys.Event(time, "z0._-", 42)));
        Assert.Equal("h|cdcf~", RowKeys.NotificationOf("c|cdcf~|0003"));
    }

    [Fact]
    public void Notifications_are_in_the_opposite_order_of_their_keys()
    {
        string[] keys = ["20260301T080000000-0a", "20260301T080000000-0a1", "20260301T080000001-00", "Z", "a/b?c#d\\e", "第"];

        var rowKeys = keys.Select(RowKeys.Notification).ToList();

        Assert.Equal(rowKeys.OrderDescending(StringComparer.Ordinal), rowKeys);
        Assert.All(rowKeys, key => Assert.DoesNotContain(key!, character => "/\\#?".Contains(character, StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Every_character_and_the_full_length_of_sources_and_ids_are_accepted_everywhere()
    {
        await using var table = await TempTable.OpenAsync(await azurite.StartedAsync());
        foreach (var (source, id) in new[]
        {
            (Characters[..32], Characters + "." + Characters[..63]),
            (Characters[32..], "." + new string('-', 127)),
            ("q", "0"),
            ("0", "j"),
            (new string('_', 64), "..a..%2F"[..5]),
        })
        {
            Assert.True(JobKey.IsValidId(id));
            var job = Sample.Job(id, source);
            var etag = await table.Store.Jobs.CommitAsync(job.New(), Cancelled);
            Assert.Equal([job.Key], (await table.Store.Due.DueAsync(source, Sample.Start.AddDays(1), 10, Cancelled)).Select(due => due.Key));
            Assert.NotNull(await table.Store.Jobs.CommitAsync(job.Settled().On(etag), Cancelled));
            Assert.Equal(job.Key, Assert.Single((await table.Store.Jobs.ListAsync(new JobQuery { Source = source }, Cancelled)).Elements).Key);
            var pending = Assert.Single(await table.Store.Outbox.PendingAsync(10, Cancelled));
            Assert.Equal(job.Key, pending.Key);
            await table.Store.Outbox.RemoveAsync([pending], Cancelled);
            await table.Store.Quarantine.AddAsync(Sample.Notification("k", source), Cancelled);
            Assert.Single((await table.Store.Quarantine.ListAsync([source], 10, null, Cancelled)).Elements);
            await table.Store.Quarantine.RemoveAsync("k", Cancelled);
        }

        Assert.Equal((5, true), await table.Store.JobPurge.PurgeAsync(Sample.Start.AddDays(1), TimeSpan.MaxValue, Cancelled));
    }

    [Theory]
    [InlineData("media", "a/b")]
    [InlineData("media", "")]
    [InlineData("me|dia", "a")]
    [InlineData("", "a")]
    public async Task An_impossible_job_is_not_found_and_not_committed(string source, string id)
    {
        await using var table = await TempTable.OpenAsync(await azurite.StartedAsync());

        Assert.Null(await table.Store.Jobs.FindAsync(new JobKey(source, id), Cancelled));
        await Assert.ThrowsAsync<ArgumentException>(async () => await table.Store.Jobs.CommitAsync(Sample.Job(id, source).New(), Cancelled));
    }

    [Fact]
    public async Task Any_text_is_accepted_as_the_key_of_a_missing_notification()
    {
        await using var table = await TempTable.OpenAsync(await azurite.StartedAsync());
        await table.Store.Quarantine.AddAsync(Sample.Notification("a/b?c#d\\e 第'"), Cancelled);

        Assert.NotNull(await table.Store.Quarantine.FindAsync("a/b?c#d\\e 第'", Cancelled));
        Assert.Null(await table.Store.Quarantine.FindAsync("a/b", Cancelled));
        Assert.Null(await table.Store.Quarantine.FindAsync(new string('x', 5000), Cancelled));
        await table.Store.Quarantine.RemoveAsync(new string('x', 5000), Cancelled);
    }
}
