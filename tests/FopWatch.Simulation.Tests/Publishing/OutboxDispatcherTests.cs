using System.Diagnostics.Metrics;
using FopWatch.Contracts;
using FopWatch.Diagnosis;
using FopWatch.Jobs;
using FopWatch.PortContracts;
using FopWatch.Publishing;
using FopWatch.Simulation.Tests.Ports;
using FopWatch.Simulation.Tests.World;

namespace FopWatch.Simulation.Tests.Publishing;

/// <summary>How the dispatcher handles failures of the broker or the store, on the store in memory.</summary>
public sealed class OutboxDispatcherTests : IOutbox, IEventPublisher, IDisposable
{
    private readonly ManualTimeProvider _time = new(Scenario.Start);
    private readonly MemoryStore _store;
    private readonly Troubles _troubles;
    private readonly OutboxDispatcher _dispatcher;
    private readonly List<string> _sent = [];
    private Func<IReadOnlyList<OutboxEvent>, Exception?> _broker = _ => null;
    private Func<IReadOnlyList<OutboxEvent>, IReadOnlyList<OutboxEvent>>? _pending;
    private Func<CancellationToken, Task>? _removing;
    private bool _isUnreadable;

    public OutboxDispatcherTests()
    {
        _store = new(_time.GetUtcNow);
        _troubles = Unobserved.Troubles(_time);
        _dispatcher = Unobserved.Dispatcher(this, this, _time, _troubles);
    }

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private IEnumerable<string> Waiting => _store.Outbox.Select(NameOf);

    public void Dispose() => _dispatcher.Dispose();

    [Fact]
    public async Task A_drain_publishes_all_waiting_events_in_order_and_returns_their_number()
    {
        for (var i = 0; i < 300; i++)
            await CommitAsync($"j{i}", 1);

        Assert.Equal(300, await _dispatcher.DrainAsync(Cancelled));

        Assert.Equal(Enumerable.Range(0, 300).Select(i => $"j{i}.1"), _sent);
        Assert.Empty(_store.Outbox);
        Assert.Equal(0, await _dispatcher.DrainAsync(Cancelled));
    }

    [Fact(Timeout = 60_000)]
    public async Task A_drain_that_waits_for_another_ends_when_cancelled_and_delays_none_behind_it()
    {
        await CommitAsync("a", 1);
        var removing = new TaskCompletionSource();
        _removing = _ => removing.Task;
        using var stop = new CancellationTokenSource();
        var first = _dispatcher.DrainAsync(Cancelled);
        var cancelled = _dispatcher.DrainAsync(stop.Token);
        var last = _dispatcher.DrainAsync(Cancelled);

        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        Assert.False(first.IsCompleted || last.IsCompleted);

        removing.SetResult();
        Assert.Equal((1, 0), (await first, await last));
        Assert.Equal(["a.1"], _sent);
    }

    [Fact]
    public async Task A_refused_event_is_retried_after_doubling_waits_and_delays_only_its_own_job()
    {
        await CommitAsync("a", 1);
        await CommitAsync("b", 1);
        await CommitAsync("a", 2);
        _broker = Refuse("a");

        Assert.Equal(1, await _dispatcher.DrainAsync(Cancelled));
        Assert.Equal(["a.1", "a.2"], Waiting);
        var trouble = Assert.Single(_troubles.Current);
        Assert.Equal(("media", TroubleKind.EventsRefused, "InvalidOperationException: too long"), (trouble.Source, trouble.Kind, trouble.Detail!.ToString()));

        foreach (var minutes in (int[])[1, 2, 4])
        {
            _sent.Clear();
            _time.Advance(TimeSpan.FromMinutes(minutes) - TimeSpan.FromTicks(1));
            Assert.Equal(0, await _dispatcher.DrainAsync(Cancelled));
            Assert.Empty(_sent);
            _time.Advance(TimeSpan.FromTicks(1));
            Assert.Equal(0, await _dispatcher.DrainAsync(Cancelled));
            Assert.Equal(["a.1", "a.2"], _sent);
        }

        Assert.Equal(1, await CountSetAsideAsync());
        _broker = _ => null;
        _time.Advance(TimeSpan.FromMinutes(8));
        Assert.Equal(2, await _dispatcher.DrainAsync(Cancelled));
        Assert.Empty(_store.Outbox);
        _time.Advance(Troubles.Quiet);
        Assert.Empty(_troubles.Current);
    }

    [Fact]
    public async Task Events_of_a_job_with_a_refused_event_wait_until_that_event_is_published()
    {
        await CommitAsync("a", 1);
        await CommitAsync("b", 1);
        _broker = Refuse("a");
        await _dispatcher.PublishAsync([.. _store.Outbox], Cancelled);
        Assert.Equal(["a.1"], Waiting);

        _broker = _ => null;
        _sent.Clear();
        await CommitAsync("a", 2);
        await CommitAsync("b", 2);
        await _dispatcher.PublishAsync([.. _store.Outbox.Where(one => one.Version == 2)], Cancelled);
        Assert.Equal(["b.2"], _sent);

        _time.Advance(TimeSpan.FromMinutes(1));
        await _dispatcher.DrainAsync(Cancelled);
        await CommitAsync("a", 3);
        await _dispatcher.PublishAsync([.. _store.Outbox], Cancelled);
        Assert.Equal(["b.2", "a.1", "a.2", "a.3"], _sent);
    }

    [Fact]
    public async Task Events_that_the_broker_accepted_before_it_failed_are_not_published_again()
    {
        await CommitAsync("a", 1);
        await CommitAsync("b", 1);
        _broker = events => new PartlyPublishedException([events[0]], new TimeoutException($"\n  the broker\r\nis away"));

        await Assert.ThrowsAsync<TimeoutException>(() => _dispatcher.DrainAsync(Cancelled));

        Assert.Equal(["b.1"], Waiting);
        var trouble = Assert.Single(_troubles.Current);
        Assert.Equal((null, TroubleKind.PublishingFails, "TimeoutException: the broker"), (trouble.Source, trouble.Kind, trouble.Detail!.ToString()));

        _broker = _ => null;
        Assert.Equal(1, await _dispatcher.DrainAsync(Cancelled));
        _time.Advance(Troubles.Quiet);
        Assert.Empty(_troubles.Current);
    }

    [Fact]
    public async Task A_failing_broker_is_reported_briefly_and_every_event_stays()
    {
        await CommitAsync("a", 1);
        _broker = _ => new TimeoutException(new string('x', 201));

        await Assert.ThrowsAsync<TimeoutException>(() => _dispatcher.DrainAsync(Cancelled));

        Assert.Equal(["a.1"], Waiting);
        Assert.Equal($"TimeoutException: {new string('x', 199)}…", Assert.Single(_troubles.Current).Detail);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_drain_cancelled_while_it_publishes_is_not_a_trouble(bool isPartly)
    {
        await CommitAsync("a", 1);
        await CommitAsync("b", 1);
        using var cancel = new CancellationTokenSource();
        _broker = events =>
        {
            cancel.Cancel();
            var cancelled = new OperationCanceledException(cancel.Token);
            return isPartly ? new PartlyPublishedException([events[0]], cancelled) : cancelled;
        };

        await Assert.ThrowsAsync<OperationCanceledException>(() => _dispatcher.DrainAsync(cancel.Token));

        Assert.Empty(_troubles.Current);
        Assert.Equal(isPartly ? ["b.1"] : ["a.1", "b.1"], Waiting);

        // The broker's own cancellation is one of its failures.
        _broker = _ => new OperationCanceledException();
        await Assert.ThrowsAsync<OperationCanceledException>(() => _dispatcher.DrainAsync(Cancelled));
        Assert.Equal(TroubleKind.PublishingFails, Assert.Single(_troubles.Current).Kind);
    }

    [Fact]
    public async Task Published_events_are_removed_despite_cancellation_but_a_hanging_store_is_not_waited_for()
    {
        await CommitAsync("a", 1);
        using var cancel = new CancellationTokenSource();
        _broker = _ =>
        {
            cancel.Cancel();
            return null;
        };
        _removing = token => Task.CompletedTask.WaitAsync(token);
        Assert.Equal(1, await _dispatcher.DrainAsync(cancel.Token));
        Assert.Empty(_store.Outbox);

        await CommitAsync("a", 2);
        _broker = _ => null;
        _removing = token => Task.Delay(Timeout.InfiniteTimeSpan, token);
        var draining = _dispatcher.DrainAsync(Cancelled);
        await _time.UntilTimersAsync(1, Cancelled);
        _time.Advance(TimeSpan.FromSeconds(15) - TimeSpan.FromTicks(1));
        Assert.False(draining.IsCompleted);
        _time.Advance(TimeSpan.FromTicks(1));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => draining);
    }

    [Fact]
    public async Task An_unreadable_event_is_set_aside_and_delays_nothing()
    {
        await CommitAsync("a", 1);
        await CommitAsync("a", 2);
        await CommitAsync("b", 1);
        _isUnreadable = true;

        Assert.Equal(2, await _dispatcher.DrainAsync(Cancelled));

        Assert.Equal(["a.2", "b.1"], _sent);
        var left = Assert.Single(_store.Outbox);
        Assert.Equal(_time.GetUtcNow() + SetAside.Longest, left.RetryAt);
        var trouble = Assert.Single(_troubles.Current);
        Assert.Equal(("media", TroubleKind.UnreadableEvents, "it is damaged"), (trouble.Source, trouble.Kind, trouble.Detail!.ToString()));

        _sent.Clear();
        _time.Advance(SetAside.Longest);
        Assert.Equal(0, await _dispatcher.DrainAsync(Cancelled));
        Assert.Empty(_sent);

        _isUnreadable = false;
        _time.Advance(SetAside.Longest);
        Assert.Equal(1, await _dispatcher.DrainAsync(Cancelled));
    }

    [Fact]
    public async Task A_store_whose_clock_is_ahead_does_not_return_a_refused_event_within_a_drain()
    {
        await CommitAsync("a", 1);
        await CommitAsync("a", 2);
        await CommitAsync("b", 1);
        _broker = Refuse("a");
        _pending = all => all;

        Assert.Equal(1, await _dispatcher.DrainAsync(Cancelled));

        Assert.Equal(["a.1", "a.2", "b.1"], _sent);
        Assert.Equal(["a.1", "a.2"], Waiting);
    }

    [Fact]
    public async Task Two_drains_do_not_publish_at_the_same_time()
    {
        await CommitAsync("a", 1);
        var (hold, entered) = (new TaskCompletionSource(), 0);
        _removing = _ =>
        {
            entered++;
            return hold.Task;
        };

        var first = _dispatcher.DrainAsync(Cancelled);
        var second = _dispatcher.DrainAsync(Cancelled);
        Assert.Equal(1, entered);
        Assert.Equal(["a.1"], _sent);
        _removing = null;
        hold.SetResult();

        Assert.Equal((1, 0), (await first, await second));
        Assert.Equal(["a.1"], _sent);
    }

    [Fact]
    public async Task Publishing_nothing_calls_nobody()
    {
        _broker = _ => throw new InvalidOperationException();

        await _dispatcher.PublishAsync([], Cancelled);
    }

    [Fact]
    public async Task The_delay_of_each_published_event_is_measured_and_never_negative()
    {
        using var meter = new Meter(Telemetry.Name);
        using var factory = new OneMeter(meter);
        using var dispatcher = new OutboxDispatcher(this, this, _troubles, new(factory, _time), _time);
        var delays = new List<double>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, listening) =>
            {
                if (instrument.Meter == meter && instrument.Name == "fopwatch.event.delay")
                    listening.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<double>((_, value, tags, _) =>
        {
            Assert.Equal("media", tags[0].Value);
            delays.Add(value);
        });
        listener.Start();
        await CommitAsync("a", 1);
        _time.Advance(TimeSpan.FromSeconds(3));
        await CommitAsync("b", 1, _time.GetUtcNow().AddHours(1));

        await dispatcher.DrainAsync(Cancelled);

        Assert.Equal([3, 0], delays);
    }

    private async Task<long> CountSetAsideAsync() => await _store.CountSetAsideAsync(Cancelled);

    private async Task CommitAsync(string id, long version, DateTimeOffset? at = null)
    {
        var key = new JobKey("media", id);
        var stored = await _store.FindAsync(key, Cancelled);
        var job = stored?.Job
            ?? Job.New(key, ProviderKind.Qiniu, JobOrigin.Registration, new() { StartedAt = Scenario.Start, Deadline = Scenario.Start }, Scenario.Start);
        job = job with { Version = version };
        OutboxEvent committed = new()
        {
            Id = $"{id}.{version}",
            Key = key,
            Version = version,
            Type = JobEvent.ProgressedType,
            Time = at ?? _time.GetUtcNow(),
            Body = ReadOnlyMemory<byte>.Empty,
        };
        Assert.NotNull(await _store.CommitAsync(new(job, stored?.ETag, committed), Cancelled));
    }

    private static string NameOf(OutboxEvent one) => $"{one.Key.Id}.{one.Version}";

    /// <summary>A broker that refuses the first event of a job and skips its later ones in the same call.</summary>
    private static Func<IReadOnlyList<OutboxEvent>, Exception?> Refuse(string id) => events =>
        events.Where(one => one.Key.Id == id).ToList() is [var first, .. var later]
            ? new UnpublishableEventsException("refused", [first], new InvalidOperationException("too long"), later)
            : null;

    async ValueTask<IReadOnlyList<OutboxEvent>> IOutbox.PendingAsync(int limit, CancellationToken cancellationToken)
    {
        var pending = _pending is null ? await _store.PendingAsync(limit, cancellationToken) : _pending([.. _store.Outbox]);
        return _isUnreadable ? [.. pending.Select(one => NameOf(one) == "a.1" ? one with { Problem = "it is damaged" } : one)] : pending;
    }

    async ValueTask IOutbox.RemoveAsync(IReadOnlyList<OutboxEvent> published, CancellationToken cancellationToken)
    {
        if (_removing is { } removing)
            await removing(cancellationToken);
        await _store.RemoveAsync(published, cancellationToken);
    }

    ValueTask IOutbox.SetAsideAsync(IReadOnlyList<OutboxEvent> refused, CancellationToken cancellationToken) => _store.SetAsideAsync(refused, cancellationToken);

    ValueTask<(long Count, DateTimeOffset? Oldest)> IOutbox.DepthAsync(CancellationToken cancellationToken) => ((IOutbox)_store).DepthAsync(cancellationToken);

    ValueTask<long> IOutbox.CountSetAsideAsync(CancellationToken cancellationToken) => _store.CountSetAsideAsync(cancellationToken);

    ValueTask IEventPublisher.PublishAsync(IReadOnlyList<OutboxEvent> events, CancellationToken cancellationToken)
    {
        _sent.AddRange(events.Select(NameOf));
        return _broker(events) is { } failure ? ValueTask.FromException(failure) : default;
    }

    private sealed class OneMeter(Meter meter) : IMeterFactory
    {
        public Meter Create(MeterOptions options) => meter;

        public void Dispose()
        {
        }
    }
}
