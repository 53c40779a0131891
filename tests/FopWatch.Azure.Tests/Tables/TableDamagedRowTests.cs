using Azure;
using Azure.Data.Tables;
using FopWatch.Intake;
using FopWatch.PortContracts;
using FopWatch.Publishing;

namespace FopWatch.Azure.Tests.Tables;

/// <summary>Damaged rows of events and notifications.</summary>
public sealed class TableDamagedRowTests(SharedAzurite azurite) : TableTest(azurite)
{
    public static TheoryData<string> EventBodies => Damage.EventBodies;

    [Fact]
    public async Task An_event_with_a_damaged_row_blocks_no_other_and_still_counts()
    {
        foreach (var id in (string[])["a", "b", "c"])
            await Store.Jobs.CommitAsync(Sample.Job(id).Settled().On(null), Cancelled);
        await foreach (var row in Table.Rows.QueryAsync<TableEntity>("RowKey ge 'o|' and RowKey lt 'p'", cancellationToken: Cancelled))
        {
            if (row.RowKey.Contains("|a|", StringComparison.Ordinal))
                row.Remove("Body");
            else if (row.RowKey.Contains("|b|", StringComparison.Ordinal))
                row.Remove("EventId");
            await Table.Rows.UpdateEntityAsync(row, ETag.All, TableUpdateMode.Replace, Cancelled);
        }

        var pending = await Store.Outbox.PendingAsync(10, Cancelled);
        Assert.Equal([("a", false), ("b", false), ("c", true)], pending.Select(one => (one.Key.Id, one.Problem is null)));
        var publisher = new Recorder();
        using var dispatcher = Unobserved.Dispatcher(Store.Outbox, publisher, new SetTime(Sample.Start));
        Assert.Equal(1, await dispatcher.DrainAsync(Cancelled));
        Assert.Equal(["c"], publisher.Published.Select(one => one.Key.Id));
        Assert.Equal((2, 2), ((await Store.Outbox.DepthAsync(Cancelled)).Count, await Store.Outbox.CountSetAsideAsync(Cancelled)));
    }

    [Theory]
    [MemberData(nameof(EventBodies))]
    public async Task An_event_with_a_damaged_body_is_set_aside_and_does_not_delay_even_its_jobs_later_events(string body)
    {
        var first = Sample.Job("a").Progressed();
        var etag = await Store.Jobs.CommitAsync(first.On(null), Cancelled);
        await foreach (var row in Table.Rows.QueryAsync<TableEntity>("RowKey ge 'o|' and RowKey lt 'p'", cancellationToken: Cancelled))
        {
            row["Body"] = body;
            await Table.Rows.UpdateEntityAsync(row, ETag.All, TableUpdateMode.Replace, Cancelled);
        }

        Assert.NotNull(await Store.Jobs.CommitAsync(first.Job.Settled(TimeSpan.FromMinutes(1)).On(etag), Cancelled));
        var publisher = new Recorder();
        using var dispatcher = Unobserved.Dispatcher(Store.Outbox, publisher, new SetTime(Sample.Start));

        Assert.Equal(1, await dispatcher.DrainAsync(Cancelled));
        Assert.Equal([first.Job.Version + 1], publisher.Published.Select(one => one.Version));
        Assert.Equal((1, 1), ((await Store.Outbox.DepthAsync(Cancelled)).Count, await Store.Outbox.CountSetAsideAsync(Cancelled)));
    }

    [Theory]
    [InlineData("Head0", "not JSON")]
    [InlineData("Head0", """{"Url":null,"Headers":[]}""")]
    [InlineData("Head0", """{"Url":"https://a.example","Headers":[["one"]]}""")]
    [InlineData("Head0", """{"Url":"no url","Headers":[]}""")]
    [InlineData("Head0", 7)]
    [InlineData("Chunks", "many")]
    [InlineData("Chunks", 3)]
    [InlineData("Size", "large")]
    [InlineData("Size", 1)]
    [InlineData("Body0", null)]
    [InlineData("ReceivedAt", "today")]
    [InlineData("Key", null)]
    public async Task A_notification_with_a_damaged_row_is_named_and_does_not_affect_others(string column, object? value)
    {
        foreach (var key in (string[])["1", "2", "3"])
            await Store.Quarantine.AddAsync(Sample.Notification(key), Cancelled);
        await foreach (var row in Table.Rows.QueryAsync<TableEntity>("Key eq '2'", cancellationToken: Cancelled))
        {
            if (value is null)
                row.Remove(column);
            else
                row[column] = value;
            await Table.Rows.UpdateEntityAsync(row, ETag.All, TableUpdateMode.Replace, Cancelled);
        }

        var page = await Store.Quarantine.ListAsync(null, 10, null, Cancelled);
        Assert.Equal(["3", "1"], page.Elements.Select(one => one.Key));
        Assert.Equal(["2"], page.Unreadable);
        await Assert.ThrowsAsync<UnreadableNotificationException>(async () => await Store.Quarantine.FindAsync("2", Cancelled));
        Assert.Equal(3, await Store.Quarantine.CountAsync(Cancelled));
        Assert.Equal(3, (await Store.Quarantine.SizeAsync("media", Cancelled)).Notifications);

        await Store.Quarantine.RemoveAsync("2", Cancelled);
        Assert.Null(await Store.Quarantine.FindAsync("2", Cancelled));
        Assert.Equal(2, await Store.Quarantine.CountAsync(Cancelled));
    }

    private sealed class Recorder : IEventPublisher
    {
        public List<OutboxEvent> Published { get; } = [];

        public ValueTask PublishAsync(IReadOnlyList<OutboxEvent> events, CancellationToken cancellationToken)
        {
            Published.AddRange(events);
            return ValueTask.CompletedTask;
        }
    }
}
