using System.Text;
using FopWatch.Local.Hosting;
using FopWatch.Local.Tests.Storage;
using FopWatch.PortContracts;
using FopWatch.Sqlite;

namespace FopWatch.Local.Tests.Http;

public sealed class EventTailTests : IAsyncLifetime
{
    private TempStore _temp = null!;
    private EventTail _tail = null!;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private EventLog Log => _temp.Store.Events;

    public async ValueTask InitializeAsync()
    {
        _temp = await TempStore.OpenAsync();
        _tail = new(Log, null, TimeProvider.System);
    }

    public async ValueTask DisposeAsync()
    {
        await _temp.DisposeAsync();
        _tail.Dispose();
    }

    [Fact]
    public async Task Many_followers_each_get_every_event_once_in_one_order_while_many_publish()
    {
        const int Publishers = 20;
        const int Each = 50;
        var followers = Enumerable.Range(0, 12).Select(_ => Task.Run(() => TakeAsync(0, Publishers * Each))).ToList();

        await Task.WhenAll(Enumerable.Range(0, Publishers).Select(publisher => Task.Run(async () =>
        {
            for (var version = 1; version <= Each; version++)
                await Log.PublishAsync([Sample.Event($"j{publisher}", version)], Cancelled);
        })));
        var followed = await Task.WhenAll(followers).WaitAsync(TimeSpan.FromSeconds(20), Cancelled);

        var inLog = (await Log.ReadAsync(0, int.MaxValue, Cancelled)).Select(one => one.Seq).ToList();
        Assert.Equal(Publishers * Each, inLog.Distinct().Count());
        Assert.All(followed, positions => Assert.Equal(inLog, positions));
    }

    [Fact]
    public async Task An_event_is_read_and_serialised_once_for_all_waiting_followers()
    {
        await PublishAsync(1);
        var followers = Enumerable.Range(0, 50).Select(_ => _tail.NextAsync(1, Cancelled)).ToList();

        await PublishAsync(2, 3);
        var batches = await Task.WhenAll(followers).WaitAsync(TimeSpan.FromSeconds(20), Cancelled);

        Assert.Single(batches.Distinct());
        Assert.Equal([2, 3], batches[0]!.Positions);
        Assert.Same(batches[0], await _tail.NextAsync(2, Cancelled));
    }

    [Fact]
    public async Task A_batch_is_sent_as_it_is_and_a_client_with_a_filter_gets_pieces_of_it()
    {
        await Log.PublishAsync(
            [Sample.Event("a"), Sample.Event("b"), Sample.Event("c", source: "video"), Sample.Event("d")], Cancelled);
        var events = await Log.ReadAsync(0, 10, Cancelled);
        var batch = (await _tail.NextAsync(0, Cancelled))!;
        string[] texts = [.. events.Select(one => $"id: {Log.Epochs.PositionOf(one.Seq)}\nevent: {one.Type}\ndata: {Encoding.UTF8.GetString(one.Body.Span)}\n\n")];

        Assert.Equal([(string.Concat(texts), 4)], Pieces(0, null));
        Assert.Equal([(string.Concat(texts[2..]), 4)], Pieces(2, null));
        Assert.Equal([(texts[0] + texts[1], 2), (texts[3], 4)], Pieces(0, "media"));
        Assert.Equal([(texts[2], 3)], Pieces(0, "video"));
        Assert.Empty(Pieces(0, "files"));
        Assert.Empty(Pieces(4, null));

        IEnumerable<(string, long)> Pieces(long after, string? source) =>
            batch.Pieces(after, source is null ? null : name => name == source).Select(piece => (Encoding.UTF8.GetString(piece.Bytes.Span), piece.Last));
    }

    [Fact]
    public async Task An_unreadable_event_has_a_position_and_is_sent_to_nobody()
    {
        await PublishAsync(1, 2, 3);
        await _temp.Store.Database.WriteAsync(session => session.Execute("UPDATE events SET body = x'7B' WHERE seq IN (2, 3)"), Cancelled);

        var batch = (await _tail.NextAsync(0, Cancelled))!;

        Assert.Equal([1, 2, 3], batch.Positions);
        var (bytes, last) = Assert.Single(batch.Pieces(0, null));
        Assert.Equal((batch.Length, 1), (bytes.Length, last));
        Assert.Empty(batch.Pieces(1, null));
    }

    [Fact]
    public async Task A_follower_gets_all_events_of_any_size_in_batches_that_end_with_the_event_that_fills_them()
    {
        int[] sizes = [3, 0, 0, 1, 9, 1, 0];
        await Log.PublishAsync([.. sizes.Select((size, i) => Sample.Event("a", i + 1).Sized(size))], Cancelled);

        Assert.Equal([1, 2, 3, 4, 5, 6, 7], await TakeAsync(0, sizes.Length));
        Assert.Equal([2, 3, 4], (await _tail.NextAsync(1, Cancelled))!.Positions);
    }

    [Fact]
    public async Task A_follower_that_falls_behind_the_memory_reads_the_log_until_it_has_caught_up()
    {
        const int Megabytes = 12;
        await PublishAsync(1);
        Assert.Equal([1], await TakeAsync(0, 1));
        for (var i = 2; i <= Megabytes; i++)
        {
            await Log.PublishAsync([Sample.Event("a", i).Sized(1)], Cancelled);
            Assert.Equal([i], await TakeAsync(i - 1, 1));
        }

        // No longer in memory: each of the two that are behind reads the log, with the same result.
        var (one, other) = (await _tail.NextAsync(1, Cancelled), await _tail.NextAsync(1, Cancelled));
        Assert.NotSame(one, other);
        Assert.Equal(one!.Positions, other!.Positions);
        Assert.Same(await _tail.NextAsync(Megabytes - 1, Cancelled), await _tail.NextAsync(Megabytes - 1, Cancelled));

        Assert.Equal(Enumerable.Range(2, Megabytes - 1).Select(i => (long)i), await TakeAsync(1, Megabytes - 1));
    }

    [Fact]
    public async Task A_follower_that_starts_far_ahead_reads_nothing_in_between()
    {
        await PublishAsync(1);
        Assert.Equal([1], await TakeAsync(0, 1));
        for (var i = 0; i < 10; i++)
            await PublishAsync([.. Enumerable.Range(2 + (i * 1000), 1000)]);
        var ahead = _tail.NextAsync(10_001, Cancelled);

        await PublishAsync(10_002);

        Assert.Equal([10_002], (await ahead.WaitAsync(TimeSpan.FromSeconds(20), Cancelled))!.Positions);
        Assert.Equal(10_001, (await TakeAsync(1, 10_001)).Count);
    }

    [Fact]
    public async Task A_follower_overtaken_by_a_purge_continues_with_the_remaining_events()
    {
        await PublishAsync(1, 2, 3);
        Assert.Equal([1, 2, 3], await TakeAsync(0, 3));
        using var other = new EventTail(Log, null, TimeProvider.System);
        Assert.Equal([3], (await other.NextAsync(2, Cancelled))!.Positions);
        Assert.Equal(3, await Log.PurgeAsync(DateTimeOffset.MaxValue, DateTimeOffset.MaxValue, Cancelled));

        var none = (await other.NextAsync(0, Cancelled).WaitAsync(TimeSpan.FromSeconds(20), Cancelled))!;
        Assert.Empty(none.Positions);
        Assert.Empty(none.Pieces(0, null));
        var next = other.NextAsync(none.Last, Cancelled);
        await PublishAsync(4);

        Assert.Equal([4], (await next.WaitAsync(TimeSpan.FromSeconds(20), Cancelled))!.Positions);
    }

    [Fact]
    public async Task A_follower_at_the_end_waits_and_is_woken_by_the_next_event()
    {
        await PublishAsync(1);
        var next = _tail.NextAsync(1, Cancelled);
        await PublishAsync(1);
        Assert.False(next.IsCompleted);

        await PublishAsync(2);

        Assert.Single((await next.WaitAsync(TimeSpan.FromSeconds(10), Cancelled))!.Positions);
    }

    [Fact]
    public async Task A_waiting_follower_does_not_block_a_checkpoint_of_the_write_ahead_log()
    {
        await PublishAsync(1);
        var next = _tail.NextAsync(1, Cancelled);
        await PublishAsync(1);

        using var other = SqliteSession.Open(_temp.DatabasePath, Microsoft.Data.Sqlite.SqliteOpenMode.ReadWrite, TimeSpan.FromSeconds(1));
        using var answer = other.Command("PRAGMA wal_checkpoint(TRUNCATE)").ExecuteReader();

        Assert.True(answer.Read());
        Assert.Equal(0, answer.GetInt64(0));
        Assert.Equal(0, new FileInfo(_temp.DatabasePath + "-wal").Length);
        Assert.False(next.IsCompleted);
    }

    [Fact]
    public async Task A_waiting_follower_can_be_cancelled_while_others_continue_to_wait()
    {
        using var cancellation = new CancellationTokenSource();
        var (leaves, stays) = (_tail.NextAsync(0, cancellation.Token), _tail.NextAsync(0, Cancelled));

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => leaves);
        await PublishAsync(1);
        Assert.Equal([1], (await stays.WaitAsync(TimeSpan.FromSeconds(10), Cancelled))!.Positions);
    }

    [Fact]
    public async Task Followers_end_when_the_store_is_closed()
    {
        await PublishAsync(1);
        var next = _tail.NextAsync(1, Cancelled);

        await _temp.Store.DisposeAsync();

        Assert.Null(await next.WaitAsync(TimeSpan.FromSeconds(10), Cancelled));
        Assert.Null(await _tail.NextAsync(1, Cancelled).WaitAsync(TimeSpan.FromSeconds(10), Cancelled));
    }

    private ValueTask PublishAsync(params IReadOnlyList<int> versions) =>
        Log.PublishAsync([.. versions.Select(version => Sample.Event("a", version))], Cancelled);

    private async Task<List<long>> TakeAsync(long after, int count)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        patience.CancelAfter(TimeSpan.FromSeconds(20));
        var positions = new List<long>();
        while (positions.Count < count)
        {
            var batch = (await _tail.NextAsync(after, patience.Token))!;
            positions.AddRange(batch.Positions.Where(position => position > after));
            after = batch.Last;
        }

        return positions;
    }
}
