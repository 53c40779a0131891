using System.Diagnostics.Metrics;
using System.Net;
using System.Text;
using FopWatch.Contracts;
using FopWatch.Diagnosis;
using FopWatch.Jobs;
using FopWatch.PortContracts;
using FopWatch.Running;
using FopWatch.Webhooks;
using Microsoft.Extensions.Logging.Abstractions;

namespace FopWatch.Simulation.Tests.Webhooks;

/// <summary>What webhook loops send, in which order, and how they handle failing receivers, a failing store and operators.</summary>
public sealed class WebhookLoopsTests : IAsyncDisposable
{
    private readonly ManualTimeProvider _time = new(Sample.Start);
    private readonly MemoryLog _log = new();
    private readonly MemoryWebhookCursors _cursors = new();
    private readonly Dictionary<string, StubReceiver> _receivers = new(StringComparer.Ordinal) { ["a"] = new(), ["b"] = new() };
    private readonly Troubles _troubles;
    private readonly ConfiguredWebhooks _configured = new([Of("a")]);
    private CancellationTokenSource _stop = new();
    private readonly Meters _meters = new();
    private WebhookLoops _loops;
    private Task _running = Task.CompletedTask;

    public WebhookLoopsTests()
    {
        _troubles = Unobserved.Troubles(_time);
        _loops = Loops();
    }

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        _stop.Dispose();
        _meters.Dispose();
    }

    [Fact(Timeout = 60_000)]
    public async Task A_new_webhook_starts_at_the_end_of_the_log_and_sends_later_events_in_order_one_at_a_time()
    {
        Append(3);
        await StartAsync();
        Append(200);

        await SentAsync("a", 4, 203);

        Assert.False(_receivers["a"].WereTwoAtOnce);
        Assert.Equal((WebhookState.Active, 203L, 0L), await StateOfAsync("a"));
        Assert.Equal(Enumerable.Range(4, 200).Reverse().Take(5).Select(i => $"e{i}"), (await _loops.DeliveriesAsync("a", 5, Cancelled))!.Select(one => one.EventId));
    }

    [Fact(Timeout = 60_000)]
    public async Task A_refused_event_holds_back_later_ones_until_it_is_accepted()
    {
        var refusals = 3;
        _receivers["a"].Answer = id => new(id == "e2" && Interlocked.Decrement(ref refusals) >= 0 ? HttpStatusCode.InternalServerError : HttpStatusCode.OK);
        await StartAsync();
        Append(4);
        await Eventually.HoldsAsync(async () => (await FindAsync("a")).Attempt == 1);
        Assert.Equal(["e1", "e2"], _receivers["a"].Ids);
        Assert.Equal((WebhookState.Failing, 1L, 3L), await StateOfAsync("a"));
        Assert.Equal((500, "answered 500", _time.GetUtcNow()), ((await FindAsync("a")).LastStatus, (await FindAsync("a")).LastError, (await FindAsync("a")).FailingSince));

        // Events appended meanwhile do not bring the next attempt forward.
        Append(1);
        for (var attempt = 2; attempt <= 3; attempt++)
        {
            Assert.Equal(attempt, _receivers["a"].Ids.Count);
            await AdvanceToNextAsync("a");
            await Eventually.HoldsAsync(async () => (await FindAsync("a")).Attempt == attempt);
        }

        Assert.Contains(_troubles.Current, trouble => trouble.Kind == TroubleKind.WebhookFails && trouble.Detail!.ToString().Contains("webhook a", StringComparison.Ordinal));
        await AdvanceToNextAsync("a");

        await Eventually.HoldsAsync(async () => await StateOfAsync("a") == (WebhookState.Active, 5L, 0L));
        Assert.Equal(["e1", "e2", "e2", "e2", "e2", "e3", "e4", "e5"], _receivers["a"].Ids);
        Assert.Equal([1, 1, 1, 4, 3, 2, 1, 1], (await _loops.DeliveriesAsync("a", 10, Cancelled))!.Select(one => one.Attempt));
        _time.Advance(TimeSpan.FromMinutes(2));
        Assert.DoesNotContain(_troubles.Current, trouble => trouble.Kind == TroubleKind.WebhookFails);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_webhook_whose_receiver_is_away_for_three_days_is_paused_and_resuming_it_loses_nothing()
    {
        _receivers["a"].Answer = _ => new(HttpStatusCode.ServiceUnavailable);
        await StartAsync();
        Append(2);
        var began = _time.GetUtcNow();
        for (var attempt = 1; attempt < WebhookRetries.MostAttempts; attempt++)
        {
            await Eventually.HoldsAsync(async () => (await FindAsync("a")).Attempt == attempt);
            await AdvanceToNextAsync("a");
        }

        await Eventually.HoldsAsync(async () => (await FindAsync("a")).PausedBecause == WebhookPause.Undeliverable);
        Assert.InRange((_time.GetUtcNow() - began).TotalDays, 2.8, 3.3);
        Assert.Equal(WebhookRetries.MostAttempts, _receivers["a"].Ids.Count);
        Assert.Contains(_troubles.Current, trouble => trouble.Kind == TroubleKind.WebhookPaused);

        _receivers["a"].Answer = _ => new(HttpStatusCode.OK);
        await _loops.ResumeAsync("a", Cancelled);

        await Eventually.HoldsAsync(async () => await StateOfAsync("a") == (WebhookState.Active, 2L, 0L));
    }

    [Fact(Timeout = 60_000)]
    public async Task A_receiver_sets_the_time_of_the_next_attempt()
    {
        var answers = new Queue<Action<HttpResponseMessage>>(
        [
            answer => answer.Headers.RetryAfter = new(TimeSpan.FromMinutes(7)),
            answer => answer.Headers.RetryAfter = new(_time.GetUtcNow().AddHours(3)),
            answer => answer.Headers.RetryAfter = new(_time.GetUtcNow().AddDays(-3)),
            answer => answer.Headers.TryAddWithoutValidation("Retry-After", "soon"),
            answer => answer.Headers.TryAddWithoutValidation("Retry-After", "99999999999999999999"),
        ]);
        _receivers["a"].Answer = _ =>
        {
            var answer = new HttpResponseMessage(HttpStatusCode.TooManyRequests);
            answers.Dequeue()(answer);
            return answer;
        };
        await StartAsync();
        Append(1);
        foreach (var (attempt, least, most) in new[] { (1, 420d, 420d), (2, 10_799, 10_800), (3, 96, 144), (4, 480, 720), (5, 86_399, 86_400) })
        {
            await Eventually.HoldsAsync(async () => (await FindAsync("a")).Attempt == attempt);
            Assert.InRange(((await FindAsync("a")).NextAttemptAt!.Value - _time.GetUtcNow()).TotalSeconds, least, most);
            if (attempt < 5)
                await AdvanceToNextAsync("a");
        }
    }

    [Fact(Timeout = 60_000)]
    public async Task A_receiver_that_is_gone_gets_nothing_until_an_operator_resumes()
    {
        _receivers["a"].Answer = _ => new(HttpStatusCode.Gone);
        await StartAsync();
        Append(2);
        await Eventually.HoldsAsync(async () => (await FindAsync("a")).PausedBecause == WebhookPause.Gone);

        // The trouble remains while the pause lasts.
        for (var i = 0; i < 8; i++)
        {
            _time.Advance(TimeSpan.FromMinutes(20));
            await Eventually.HoldsAsync(() => _troubles.Current.Any(trouble => trouble.Kind == TroubleKind.WebhookPaused));
        }

        _time.Advance(TimeSpan.FromDays(4));
        await RestartAsync();
        Append(1);
        _time.Advance(TimeSpan.FromDays(1));
        Assert.Equal(["e1"], _receivers["a"].Ids);
        _receivers["a"].Answer = _ => new(HttpStatusCode.OK);
        await _loops.ResumeAsync("a", Cancelled);

        await Eventually.HoldsAsync(() => _receivers["a"].Ids is ["e1", "e1", "e2", "e3"]);
    }

    [Fact(Timeout = 60_000)]
    public async Task An_event_answered_while_the_host_stops_is_not_sent_again()
    {
        var gate = new TaskCompletionSource();
        _receivers["a"].Gate = gate.Task;
        await StartAsync();
        Append(3);
        await Eventually.HoldsAsync(() => _receivers["a"].Ids is ["e1"]);

        var stopping = StopAsync();
        await Task.Delay(200, Cancelled);
        Assert.False(stopping.IsCompleted);
        gate.SetResult();
        await stopping;
        Assert.Equal(["e1"], _receivers["a"].Ids);

        await RestartAsync();
        await SentAsync("a", 1, 3);
    }

    [Fact(Timeout = 60_000)]
    public async Task An_event_not_answered_before_the_stop_times_out_is_sent_again()
    {
        var gate = new TaskCompletionSource();
        _receivers["a"].Gate = gate.Task;
        await StartAsync();
        Append(1);
        await Eventually.HoldsAsync(() => _receivers["a"].Ids is ["e1"]);

        var began = TimeProvider.System.GetTimestamp();
        await StopAsync();
        Assert.InRange(TimeProvider.System.GetElapsedTime(began), WebhookSender.Grace - TimeSpan.FromMilliseconds(100), WebhookSender.Grace + TimeSpan.FromSeconds(20));

        gate.SetResult();
        await RestartAsync();
        await Eventually.HoldsAsync(() => _receivers["a"].Ids is ["e1", "e1"]);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_slow_receiver_delays_no_other()
    {
        var gate = new TaskCompletionSource();
        _receivers["b"].Gate = gate.Task;
        _configured.Replace([Of("a"), Of("b")]);
        await StartAsync();
        Append(500);

        await SentAsync("a", 1, 500);

        Assert.Equal((WebhookState.Active, 0L, 500L), await StateOfAsync("b"));
        gate.SetResult();
        await SentAsync("b", 1, 500);
    }

    [Fact(Timeout = 120_000)]
    public async Task Ten_thousand_events_behind_are_sent_in_order_and_read_in_small_pieces()
    {
        await StartAsync();
        await _loops.PauseAsync("a", Cancelled);
        for (var i = 0; i < 10_000; i++)
            _log.Append($"z0.{i}", textLength: i % 500 == 0 ? 200_000 : 200);
        Assert.Equal((WebhookState.Paused, 0L, 10_000L), await StateOfAsync("a"));

        await _loops.ResumeAsync("a", Cancelled);

        await SentAsync("a", 1, 10_000);
        Assert.InRange(_log.MostRead, 64 * 1024, 300 * 1024);
    }

    [Fact(Timeout = 60_000)]
    public async Task Only_events_that_match_the_filters_are_sent_and_the_rest_is_skipped()
    {
        _configured.Replace([Of("a") with { Types = [JobEvent.SettledType], Sources = ["media"], States = [JobState.Failed, JobState.Expired] }]);
        await StartAsync();
        _log.Append("1", state: "failed");
        _log.Append("2", state: "succeeded");
        _log.Append("3", source: "files", state: "failed");
        _log.Append("4", type: JobEvent.ProgressedType, state: "failed");
        _log.Append("5", state: "expired");
        _log.Append("6", state: "tired");
        _log.Append("7", state: "failed", problem: "it is damaged");
        _log.Append("8", state: "waiting");

        await Eventually.HoldsAsync(async () => (await FindAsync("a")).Position == 8);

        Assert.Equal(["e1", "e5"], _receivers["a"].Ids);
        Assert.Contains(_troubles.Current, trouble => trouble.Kind == TroubleKind.UnreadableEvents);

        // The position of skipped events is written at intervals, not with every event.
        Assert.Equal(5, (await _cursors.FindAsync("a", Cancelled))!.Position);
        await Eventually.HoldsAsync(async () =>
        {
            _time.Advance(TimeSpan.FromSeconds(5));
            return (await _cursors.FindAsync("a", Cancelled))!.Position == 8;
        });
        Assert.InRange(_cursors.Writes, 3, 6);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_webhook_continues_from_its_position_after_a_restart()
    {
        await StartAsync();
        Append(3);
        await SentAsync("a", 1, 3);
        await StopAsync();
        Append(3);

        await RestartAsync();

        await SentAsync("a", 1, 6);
    }

    [Fact(Timeout = 60_000)]
    public async Task An_event_whose_delivery_cannot_be_recorded_is_sent_once_and_nothing_else_until_it_can()
    {
        await StartAsync();
        _cursors.Fails = true;
        Append(3);
        await Eventually.HoldsAsync(() => _receivers["a"].Ids is ["e1"]);
        for (var i = 0; i < 20; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        Assert.Equal(["e1"], _receivers["a"].Ids);
        await Assert.ThrowsAsync<FopWatch.Jobs.StoreUnavailableException>(() => _loops.PauseAsync("a", Cancelled));
        _cursors.Fails = false;
        await Eventually.HoldsAsync(() =>
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            return _receivers["a"].Ids.Count == 3;
        });

        Assert.Equal(["e1", "e2", "e3"], _receivers["a"].Ids);
        await Eventually.HoldsAsync(async () => (await _loops.DeliveriesAsync("a", 9, Cancelled))!.Count == 3);
    }

    [Fact(Timeout = 60_000)]
    public async Task An_unreadable_log_is_read_again_later()
    {
        await StartAsync();
        _log.Fails = true;
        Append(1);
        await Eventually.HoldsAsync(() =>
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            return _troubles.Current.Any(trouble => trouble.Kind == TroubleKind.StoreUnavailable);
        });
        _log.Fails = false;

        await Eventually.HoldsAsync(() =>
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            return _receivers["a"].Ids is ["e1"];
        });
    }

    [Fact(Timeout = 60_000)]
    public async Task Operator_actions_while_an_event_is_in_flight_take_effect()
    {
        var gate = new TaskCompletionSource();
        _receivers["a"].Gate = gate.Task;
        await StartAsync();
        Append(5);
        await Eventually.HoldsAsync(() => _receivers["a"].Ids is ["e1"]);

        Assert.Equal(WebhookState.Paused, (await _loops.PauseAsync("a", Cancelled))!.State);
        Assert.Equal(3, (await _loops.ReplayAsync("a", 3, Cancelled))!.Position);
        gate.SetResult();
        await Eventually.HoldsAsync(async () => (await _loops.DeliveriesAsync("a", 9, Cancelled))!.Count == 1);
        Assert.Equal((WebhookState.Paused, 3L, 2L), await StateOfAsync("a"));

        await _loops.ResumeAsync("a", Cancelled);
        await Eventually.HoldsAsync(() => _receivers["a"].Ids is ["e1", "e4", "e5"]);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_replay_sends_the_events_after_a_position_again()
    {
        await StartAsync();
        Append(5);
        await SentAsync("a", 1, 5);

        await _loops.ReplayAsync("a", await _log.PositionBeforeAsync(Sample.Start.AddMinutes(4), Cancelled), Cancelled);
        await Eventually.HoldsAsync(() => _receivers["a"].Ids is ["e1", "e2", "e3", "e4", "e5", "e4", "e5"]);
        await _loops.ReplayAsync("a", 0, Cancelled);
        await Eventually.HoldsAsync(() => _receivers["a"].Ids.Count == 12);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_replay_begins_with_the_first_event_that_is_left()
    {
        await StartAsync();
        Append(10);
        await SentAsync("a", 1, 10);
        _log.Purge(before: 8);

        var preview = (await _loops.PreviewReplayAsync("a", 0, Cancelled))!;
        await _loops.ReplayAsync("a", 0, Cancelled);

        Assert.Equal((7, 3), (preview.Position, preview.Behind));
        await Eventually.HoldsAsync(() => _receivers["a"].Ids.Count == 13);
        Assert.Equal(["e8", "e9", "e10"], _receivers["a"].Ids.TakeLast(3));
        Assert.Null((await FindAsync("a")).Missed);
        Assert.DoesNotContain(_troubles.Current, trouble => trouble.Kind == TroubleKind.WebhookMissed);
    }

    [Theory(Timeout = 60_000)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_failure_is_over_with_the_first_delivery_after_an_operator_resumed_or_moved_the_webhook(bool isMoved)
    {
        _receivers["a"].Answer = _ => new(HttpStatusCode.ServiceUnavailable);
        await StartAsync();
        Append(1);
        await Eventually.HoldsAsync(async () => (await FindAsync("a")).Attempt == 1);
        await AdvanceToNextAsync("a");
        await Eventually.HoldsAsync(() => _troubles.Current.Any(trouble => trouble.Kind == TroubleKind.WebhookFails));

        _receivers["a"].Answer = _ => new(HttpStatusCode.OK);
        await (isMoved ? _loops.ReplayAsync("a", 0, Cancelled) : _loops.ResumeAsync("a", Cancelled));

        await Eventually.HoldsAsync(async () => await StateOfAsync("a") == (WebhookState.Active, 1L, 0L));
        _time.Advance(TimeSpan.FromMinutes(10));
        Assert.DoesNotContain(_troubles.Current, trouble => trouble.Kind == TroubleKind.WebhookFails);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_change_of_settings_that_was_taken_back_while_the_store_failed_leaves_the_webhook_to_operators()
    {
        _receivers["a"].Answer = _ => new(HttpStatusCode.InternalServerError);
        await StartAsync();
        Append(1);
        await Eventually.HoldsAsync(async () => (await FindAsync("a")).Attempt == 1);
        _cursors.Fails = true;
        _configured.Replace([Of("a") with { Url = new("https://new.example.com/") }]);
        await Eventually.HoldsAsync(() => _troubles.Current.Any(trouble => trouble.Kind == TroubleKind.StoreUnavailable));

        _configured.Replace([Of("a")]);
        _cursors.Fails = false;

        await Eventually.HoldsAsync(async () =>
        {
            _time.Advance(TimeSpan.FromMinutes(1));
            return await PausedAsync();
        });

        async Task<bool> PausedAsync()
        {
            try
            {
                return (await _loops.PauseAsync("a", Cancelled))!.PausedBecause == WebhookPause.Operator;
            }
            catch (StoreUnavailableException)
            {
                return false;
            }
        }
    }

    [Theory(Timeout = 60_000)]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Events_purged_before_they_were_sent_are_counted_and_reported(bool isPaused)
    {
        _receivers["a"].Answer = _ => new(HttpStatusCode.ServiceUnavailable);
        await StartAsync();
        Append(10);
        await Eventually.HoldsAsync(async () => (await FindAsync("a")).Attempt == 1);
        if (isPaused)
            await _loops.PauseAsync("a", Cancelled);

        _log.Purge(before: 8);
        await Eventually.HoldsAsync(async () =>
        {
            _time.Advance(TimeSpan.FromSeconds(10));
            return (await FindAsync("a")).Missed == 7;
        });
        Assert.Equal(7, (await FindAsync("a")).Position);
        Assert.Equal(7, _meters.Missed);
        Assert.Contains(_troubles.Current, trouble => trouble.Kind == TroubleKind.WebhookMissed);

        _receivers["a"].Answer = _ => new(HttpStatusCode.OK);
        await _loops.ResumeAsync("a", Cancelled);
        await Eventually.HoldsAsync(async () => (await FindAsync("a")).Position == 10);
        Assert.Equal(["e8", "e9", "e10"], _receivers["a"].Ids.TakeLast(3));
    }

    [Fact(Timeout = 60_000)]
    public async Task Added_changed_and_removed_webhooks_are_started_and_ended_and_keep_their_positions()
    {
        await StartAsync();
        Append(2);
        await SentAsync("a", 1, 2);

        // The new one starts here. The other is changed while its receiver refuses, and continues.
        _receivers["a"].Answer = _ => new(HttpStatusCode.ServiceUnavailable);
        Append(1);
        await Eventually.HoldsAsync(async () => (await FindAsync("a")).Attempt == 1);
        var receiver = _receivers["a"] = new();
        _configured.Replace([Of("a") with { Url = new("https://new.example.com/") }, Of("b")]);
        await Eventually.HoldsAsync(async () => (await _cursors.FindAsync("b", Cancelled))?.Position == 3);
        await _loops.ResumeAsync("a", Cancelled);
        Append(1);
        await Eventually.HoldsAsync(() => receiver.Ids is ["e3", "e4"] && _receivers["b"].Ids is ["e4"]);

        // It comes back and has missed nothing.
        _configured.Replace([Of("a")]);
        await Eventually.HoldsAsync(async () => (await _cursors.FindAsync("b", Cancelled))!.RemovedAt is not null);
        Assert.Null(await _loops.FindAsync("b", Cancelled));
        Append(2);
        _receivers["b"] = new();
        _configured.Replace([Of("a"), Of("b")]);
        await Eventually.HoldsAsync(() => _receivers["b"].Ids is ["e5", "e6"]);

        // Unless the log has lost some of it: then it counts as new.
        _configured.Replace([Of("a")]);
        await Eventually.HoldsAsync(async () => (await _cursors.FindAsync("b", Cancelled))!.RemovedAt is not null);
        Append(3);
        _log.Purge(before: 9);
        _receivers["b"] = new();
        _configured.Replace([Of("a"), Of("b")]);
        await Eventually.HoldsAsync(async () => (await _cursors.FindAsync("b", Cancelled)) is { RemovedAt: null, Position: 9, Missed: 0 });
        Append(1);
        await Eventually.HoldsAsync(() => _receivers["b"].Ids is ["e10"]);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_test_is_sent_independently_of_the_events_and_changes_nothing()
    {
        _receivers["a"].Answer = _ => new(HttpStatusCode.Gone);
        await StartAsync();
        await _loops.PauseAsync("a", Cancelled);

        var answer = await _loops.TestAsync("a", Cancelled);

        Assert.Equal((410, "answered 410"), (answer!.Status, answer.Error));
        Assert.Single(_receivers["a"].Ids);
        Assert.Equal(WebhookPause.Operator, (await FindAsync("a")).PausedBecause);
        Assert.Empty((await _loops.DeliveriesAsync("a", 9, Cancelled))!);
        Assert.Null(await _loops.TestAsync("nobody", Cancelled));
    }

    private static Webhook Of(string name) => new()
    {
        Name = name,
        Url = new($"https://{name}.example.com/"),
        Secrets = [WebhookSecret.TryParse("whsec_" + Convert.ToBase64String(Encoding.ASCII.GetBytes($"the secret of webhook {name}, and more")))!],
    };

    private WebhookLoops Loops() => new(
        _configured,
        _log,
        _cursors,
        new(_troubles, new ThreadPoolWork(), _time, _ => { }),
        new(_meters),
        _troubles,
        new(),
        NullLogger.Instance,
        _time,
        new Random(1),
        webhook => new(webhook, _time, TimeProvider.System, _receivers[webhook.Name]));

    private async Task StartAsync()
    {
        await _loops.PrepareAsync(Cancelled);
        _running = _loops.RunAsync(_stop.Token);
    }

    private async Task StopAsync()
    {
        await _stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _running);
    }

    private async Task RestartAsync()
    {
        if (!_stop.IsCancellationRequested)
            await StopAsync();
        _stop.Dispose();
        _stop = new();
        _loops = Loops();
        await StartAsync();
    }

    private void Append(int count)
    {
        for (var i = 0; i < count; i++)
            _log.Append($"z0.{i}");
    }

    private async Task SentAsync(string webhook, int first, int last)
    {
        await Eventually.HoldsAsync(async () => (await FindAsync(webhook)).Position == last, TimeSpan.FromSeconds(90));
        Assert.Equal(Enumerable.Range(first, last - first + 1).Select(i => $"e{i}"), _receivers[webhook].Ids);
    }

    private async Task<WebhookStatus> FindAsync(string name) => (await _loops.FindAsync(name, Cancelled))!;

    private async Task<(WebhookState State, long Position, long Behind)> StateOfAsync(string name) =>
        await FindAsync(name) is var status ? (status.State, status.Position, status.Behind) : default;

    private async Task AdvanceToNextAsync(string name)
    {
        var next = (await FindAsync(name)).NextAttemptAt!.Value;

        // The loop may not be sleeping yet.
        var attempts = _receivers[name].Ids.Count;
        await Eventually.HoldsAsync(() =>
        {
            _time.AdvanceTo(next);
            _time.Advance(TimeSpan.FromMilliseconds(1));
            return _receivers[name].Ids.Count > attempts;
        });
    }

    private sealed class Meters : IMeterFactory
    {
        private readonly List<Meter> _meters = [];
        private readonly MeterListener _listener = new();
        private long _missed;

        public Meters()
        {
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (_meters.Contains(instrument.Meter) && instrument.Name == "fopwatch.webhooks.missed")
                    listener.EnableMeasurementEvents(instrument);
            };
            _listener.SetMeasurementEventCallback<long>((_, value, _, _) => Interlocked.Add(ref _missed, value));
            _listener.Start();
        }

        public long Missed => Volatile.Read(ref _missed);

        public Meter Create(MeterOptions options)
        {
            var meter = new Meter(options);
            _meters.Add(meter);
            return meter;
        }

        public void Dispose()
        {
            _listener.Dispose();
            _meters.ForEach(meter => meter.Dispose());
        }
    }
}
