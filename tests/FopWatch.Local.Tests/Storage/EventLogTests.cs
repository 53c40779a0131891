using FopWatch.PortContracts;
using FopWatch.Sqlite;

namespace FopWatch.Local.Tests.Storage;

public class EventLogTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_event_published_again_keeps_its_position()
    {
        await using var temp = await TempStore.OpenAsync();
        var log = temp.Store.Events;
        await log.PublishAsync([Sample.Event("a", 1), Sample.Event("a", 2)], Cancelled);
        var before = await log.ReadAsync(0, 10, Cancelled);

        await log.PublishAsync([Sample.Event("a", 2), Sample.Event("a", 3), Sample.Event("a", 1)], Cancelled);
        var after = await log.ReadAsync(0, 10, Cancelled);

        Assert.Equal(2, before.Count);
        Assert.Equal(before.Select(one => (one.Seq, one.Id)), after.Take(2).Select(one => (one.Seq, one.Id)));
        Assert.Equal(Sample.Event("a", 3).Id, Assert.Single(after.Skip(2)).Id);
    }

    [Fact]
    public async Task A_logged_event_has_every_attribute_of_the_published_one()
    {
        await using var temp = await TempStore.OpenAsync();
        var published = Sample.Event("a", 2, "other", TimeSpan.FromTicks(7));
        await temp.Store.Events.PublishAsync([published], Cancelled);

        var logged = Assert.Single(await temp.Store.Events.ReadAsync(0, 10, Cancelled));

        Assert.Equal(new(1, published.Id, published.Time, published.Type, published.Key, logged.Body), logged);
        Assert.Equal(published.Body.ToArray(), logged.Body.ToArray());
    }

    [Fact]
    public async Task Reading_continues_after_a_position()
    {
        await using var temp = await TempStore.OpenAsync();
        var log = temp.Store.Events;
        await log.PublishAsync([.. Enumerable.Range(1, 10).Select(version => Sample.Event("a", version))], Cancelled);

        var first = await log.ReadAsync(0, 4, Cancelled);
        var rest = await log.ReadAsync(first[^1].Seq, 100, Cancelled);

        Assert.Equal((4, 6), (first.Count, rest.Count));
        Assert.Equal(Enumerable.Range(1, 10).Select(version => Sample.Event("a", version).Id), first.Concat(rest).Select(one => one.Id));
        Assert.Empty(await log.ReadAsync(rest[^1].Seq, 100, Cancelled));
    }

    [Fact]
    public async Task A_read_ends_with_the_event_that_fills_it()
    {
        await using var temp = await TempStore.OpenAsync();
        var log = temp.Store.Events;
        int[] sizes = [3, 0, 5, 9, 1, 0];
        await log.PublishAsync([.. sizes.Select((size, i) => Sample.Event("a", i + 1).Sized(size))], Cancelled);

        Assert.Equal([1, 2, 3], (await log.ReadAsync(0, 100, Cancelled)).Select(one => one.Seq));
        Assert.Equal([1, 2], (await log.ReadAsync(0, 2, Cancelled)).Select(one => one.Seq));
        Assert.Equal([4], (await log.ReadAsync(3, 100, Cancelled)).Select(one => one.Seq));
        Assert.Equal([5, 6], (await log.ReadAsync(4, 100, Cancelled)).Select(one => one.Seq));
        Assert.Empty(await log.ReadAsync(6, 100, Cancelled));
        Assert.Equal([1], (await log.ReadAsync(0, 100, Cancelled, bytes: 1)).Select(one => one.Seq));
    }

    [Fact]
    public async Task Purging_deletes_the_start_of_the_log_and_positions_are_never_reused()
    {
        await using var temp = await TempStore.OpenAsync();
        var log = temp.Store.Events;
        Assert.Equal((1, 0), (await log.FirstSeqAsync(Cancelled), await log.LastSeqAsync(Cancelled)));
        await log.PublishAsync([.. Enumerable.Range(1, 1200).Select(i => Sample.Event("a", i, after: TimeSpan.FromSeconds(i)))], Cancelled);

        Assert.Equal(1100, await log.PurgeAsync(Sample.Start.AddSeconds(1101), DateTimeOffset.MaxValue, Cancelled));
        Assert.Equal((1101, 1200), (await log.FirstSeqAsync(Cancelled), await log.LastSeqAsync(Cancelled)));
        Assert.Equal(Enumerable.Range(1101, 100).Select(i => (long)i), (await log.ReadAsync(0, 1000, Cancelled)).Select(one => one.Seq));

        Assert.Equal(100, await log.PurgeAsync(Sample.Start.AddDays(1), DateTimeOffset.MaxValue, Cancelled));
        Assert.Equal((1201, 1200), (await log.FirstSeqAsync(Cancelled), await log.LastSeqAsync(Cancelled)));

        await log.PublishAsync([Sample.Event("b")], Cancelled);
        Assert.Equal(1201, Assert.Single(await log.ReadAsync(0, 10, Cancelled)).Seq);
    }

    [Fact]
    public async Task Purging_leaves_no_hole_at_an_old_event_that_came_late()
    {
        await using var temp = await TempStore.OpenAsync();
        var log = temp.Store.Events;
        int[] days = [1, 5, 2, 6];
        await log.PublishAsync([.. days.Select((day, i) => Sample.Event("a", i + 1, after: TimeSpan.FromDays(day)))], Cancelled);

        Assert.Equal(1, await log.PurgeAsync(Sample.Start.AddDays(4), DateTimeOffset.MaxValue, Cancelled));

        Assert.Equal([2, 3, 4], (await log.ReadAsync(0, 10, Cancelled)).Select(one => one.Seq));
    }

    [Fact]
    public async Task All_events_of_a_process_have_one_epoch_even_if_its_first_are_concurrent_or_fail()
    {
        await using var temp = await TempStore.OpenAsync();
        var log = temp.Store.Events;
        await log.PublishAsync([], Cancelled);
        await Task.WhenAll(Enumerable.Range(1, 20).Select(i => log.PublishAsync([Sample.Event($"a{i}")], Cancelled).AsTask()));
        await log.PublishAsync([Sample.Event("b")], Cancelled);

        var epochs = Enumerable.Range(1, 21).Select(seq => log.Epochs.PositionOf(seq).Epoch).ToList();
        Assert.NotNull(Assert.Single(epochs.Distinct()));
        Assert.Equal(new EventPosition(0, null), log.Epochs.PositionOf(0));
        Assert.Equal(1L, await temp.Store.Database.ReadAsync(session => session.Scalar("SELECT first FROM epochs"), Cancelled));
    }

    [Fact]
    public async Task Events_from_before_epochs_keep_positions_without_one()
    {
        using var folder = new TempFolder();
        await using (var store = await SqliteStore.OpenAsync(folder.FullName, TimeProvider.System, cancellationToken: Cancelled))
        {
            await store.Events.PublishAsync([Sample.Event("a"), Sample.Event("b")], Cancelled);
            await store.Database.WriteAsync(session => session.Execute("DELETE FROM epochs"), Cancelled);
        }

        await using var again = await SqliteStore.OpenAsync(folder.FullName, TimeProvider.System, cancellationToken: Cancelled);
        Assert.Equal("2", again.Events.Epochs.PositionOf(2).ToString());
        await again.Events.PublishAsync([Sample.Event("c")], Cancelled);

        Assert.Equal("2", again.Events.Epochs.PositionOf(2).ToString());
        Assert.Matches("^3-[0-9a-f]{8}$", again.Events.Epochs.PositionOf(3).ToString());
        Assert.Equal((2, 3, 0), (Known("2"), Known(again.Events.Epochs.PositionOf(3).ToString()), Known("3-00000000")));

        int Known(string position)
        {
            Assert.True(EventPosition.TryParse(position, out var parsed));
            return (int)again.Events.Epochs.KnownUpTo(parsed, last: 3);
        }
    }

    [Fact]
    public async Task Events_from_the_future_neither_block_a_purge_nor_go_before_their_neighbours_are_old()
    {
        await using var temp = await TempStore.OpenAsync();
        var log = temp.Store.Events;
        const int Future = 200;
        var now = Sample.Start.AddDays(10);

        // Two old events, more future events than one step looks at, an old one, two future ones, and one of today.
        double[] days = [1, 1, .. Enumerable.Repeat(400d, Future), 2, 400, 400, 10];
        await log.PublishAsync([.. days.Select((day, i) => Sample.Event("a", i + 1, after: TimeSpan.FromDays(day)))], Cancelled);

        Assert.Equal(2, await log.PurgeAsync(Sample.Start.AddDays(1.5), now, Cancelled));
        Assert.Equal(3, await log.FirstSeqAsync(Cancelled));
        Assert.Equal(0, await log.PurgeAsync(Sample.Start.AddDays(1.5), now, Cancelled));

        Assert.Equal(Future + 1, await log.PurgeAsync(Sample.Start.AddDays(5), now, Cancelled));
        Assert.Equal([Future + 4, Future + 5, Future + 6], (await log.ReadAsync(0, 10, Cancelled)).Select(one => one.Seq));

        // They go once the event after them is old.
        Assert.Equal(3, await log.PurgeAsync(Sample.Start.AddDays(11), now.AddDays(10), Cancelled));
    }

    [Fact]
    public async Task The_last_events_stay_if_all_of_them_are_from_the_future()
    {
        await using var temp = await TempStore.OpenAsync();
        var log = temp.Store.Events;
        await log.PublishAsync([.. Enumerable.Range(1, 100).Select(i => Sample.Event("a", i, after: TimeSpan.FromDays(i < 50 ? 1 : 400)))], Cancelled);

        Assert.Equal(49, await log.PurgeAsync(Sample.Start.AddDays(30), Sample.Start.AddDays(60), Cancelled));

        Assert.Equal((50, 100), (await log.FirstSeqAsync(Cancelled), await log.LastSeqAsync(Cancelled)));
    }
}
