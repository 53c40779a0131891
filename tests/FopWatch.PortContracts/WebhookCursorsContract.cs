using FopWatch.Webhooks;

namespace FopWatch.PortContracts;

/// <summary>The contract of stores of webhook cursors.</summary>
public abstract class WebhookCursorsContract : IAsyncLifetime
{
    private static readonly DateTimeOffset Time = new(2026, 3, 1, 12, 0, 0, 123, TimeSpan.Zero);

    private IWebhookCursors? _port;

    protected IWebhookCursors Port => _port ?? throw new InvalidOperationException("The store is not open.");

    protected static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    /// <summary>Opens an empty store.</summary>
    protected abstract ValueTask<IWebhookCursors> OpenAsync();

    /// <summary>Closes and reopens the store; returns the same one if it has nothing to close.</summary>
    protected abstract ValueTask<IWebhookCursors> ReopenAsync();

    /// <summary>Closes the store and removes its data.</summary>
    protected abstract ValueTask CloseAsync();

    /// <inheritdoc/>
    public async ValueTask InitializeAsync() => _port = await OpenAsync();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task The_last_written_cursor_is_read()
    {
        Assert.Null(await Port.FindAsync("crm", Cancelled));
        var bare = new WebhookCursor { Name = "crm", Position = 0 };
        var full = new WebhookCursor
        {
            Name = "crm",
            Position = long.MaxValue / 2,
            Paused = WebhookPause.Undeliverable,
            PausedAt = Time,
            FailingSince = Time.AddDays(-3),
            Attempts = 78,
            NextAttemptAt = Time.AddTicks(1),
            LastDeliveredAt = Time.AddDays(-4),
            LastStatus = 503,
            LastError = "answered 503",
            Missed = 12,
            RemovedAt = Time.AddDays(1),
        };
        foreach (var cursor in (WebhookCursor[])[bare, full, full with { Paused = WebhookPause.Gone }, full with { Paused = WebhookPause.Operator }, bare])
        {
            await Port.WriteAsync(cursor, [], Cancelled);
            Assert.Equal(cursor, await Port.FindAsync("crm", Cancelled));
        }

        await Port.WriteAsync(full, [], Cancelled);
        _port = await ReopenAsync();
        Assert.Equal(full, await Port.FindAsync("crm", Cancelled));
    }

    [Fact]
    public async Task Cursors_are_kept_by_name_and_listed_in_name_order()
    {
        Assert.Empty(await Port.ListAsync(Cancelled));
        foreach (var name in (string[])["b", "a", "B"])
            await Port.WriteAsync(new() { Name = name, Position = name[0] }, [Delivery(1)], Cancelled);

        Assert.Equal(["B", "a", "b"], (await Port.ListAsync(Cancelled)).Select(cursor => cursor.Name));
        Assert.Equal('a', (await Port.FindAsync("a", Cancelled))!.Position);
        Assert.Equal('B', (await Port.FindAsync("B", Cancelled))!.Position);
        Assert.Single(await Port.DeliveriesAsync("a", 10, Cancelled));
        Assert.Empty(await Port.DeliveriesAsync("c", 10, Cancelled));
    }

    [Fact]
    public async Task The_last_attempts_are_kept_newest_first_up_to_the_limit()
    {
        var cursor = new WebhookCursor { Name = "crm", Position = 1 };
        await Port.WriteAsync(cursor, [Delivery(1), Delivery(2) with { Status = null, Error = "no answer within 15 s", Attempt = 7 }], Cancelled);
        Assert.Equal([Delivery(2) with { Status = null, Error = "no answer within 15 s", Attempt = 7 }, Delivery(1)], await Port.DeliveriesAsync("crm", 10, Cancelled));
        Assert.Equal([2], (await Port.DeliveriesAsync("crm", 1, Cancelled)).Select(one => one.Position));

        for (var i = 3; i <= IWebhookCursors.KeptDeliveries + 5; i++)
            await Port.WriteAsync(cursor with { Position = i }, [Delivery(i)], Cancelled);
        _port = await ReopenAsync();

        var kept = await Port.DeliveriesAsync("crm", int.MaxValue, Cancelled);
        Assert.Equal(Enumerable.Range(6, IWebhookCursors.KeptDeliveries).Reverse().Select(i => (long)i), kept.Select(one => one.Position));
        await Port.WriteAsync(cursor, [.. Enumerable.Range(1000, 2 * IWebhookCursors.KeptDeliveries).Select(i => Delivery(i))], Cancelled);
        Assert.Equal(IWebhookCursors.KeptDeliveries, (await Port.DeliveriesAsync("crm", int.MaxValue, Cancelled)).Count);
    }

    private static WebhookDelivery Delivery(long position) => new()
    {
        At = Time.AddSeconds(position),
        Position = position,
        EventId = $"event-{position}",
        Type = "fopwatch.job.settled",
        Source = "media",
        Id = "z0.a",
        Attempt = 1,
        Status = 204,
        Milliseconds = 12,
    };
}
