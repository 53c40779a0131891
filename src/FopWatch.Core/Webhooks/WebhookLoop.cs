using FopWatch.Diagnosis;
using FopWatch.Embedded;
using FopWatch.Jobs;
using FopWatch.Publishing;
using FopWatch.Running;
using FopWatch.Wording;
using Microsoft.Extensions.Logging;

namespace FopWatch.Webhooks;

/// <summary>What the loops of all webhooks share.</summary>
internal sealed record WebhookPorts(
    IEventLog Log,
    IWebhookCursors Cursors,
    WebhookMetrics Metrics,
    Troubles Troubles,
    LoopTimes Times,
    ILogger Logger,
    TimeProvider Time,
    Random Random,
    Func<IEnumerable<WebhookLoop>> All,
    Func<Webhook, bool> IsConfigured)
{
    /// <summary>Tells that nothing fails, unless something does.</summary>
    public void ReportFailuresOver()
    {
        if (!All().Any(one => one.Cursor is { FailingSince: not null, Paused: null }))
            Troubles.Worked(null, TroubleKind.WebhookFails);
    }

    /// <summary>Tells that nothing is paused by its receiver, unless something is.</summary>
    public void ReportPausesOver()
    {
        if (!All().Any(one => one.Cursor is { Paused: WebhookPause.Gone or WebhookPause.Undeliverable }))
            Troubles.Worked(null, TroubleKind.WebhookPaused);
    }
}

/// <summary>
/// Sends the events of the log to one receiver, one at a time and in order. An undelivered event blocks those after it. The position is written after each delivery,
/// so a crash repeats only the event that was in flight.
/// </summary>
internal sealed class WebhookLoop(Webhook webhook, WebhookSender sender, WebhookPorts ports) : IDisposable
{
    private const int BatchEvents = 64;

    // Limits memory: a receiver that is days behind needs no more than one that is up to date.
    private const int BatchBytes = 64 * 1024;

    // Events that the filters leave out are skipped without a write for each.
    private static readonly TimeSpan WrittenEvery = TimeSpan.FromSeconds(10);

    // Often enough that a continuing trouble is not forgotten.
    private static readonly TimeSpan ReportedEvery = Troubles.Forgotten / 2;

    private readonly SemaphoreSlim _changing = new(1);
    private readonly WakeSignal _signal = new(ports.Time);
    private readonly List<WebhookDelivery> _unwritten = [];
    private volatile WebhookCursor? _cursor;
    private bool _closed;
    private WebhookCursor? _written;
    private long _writtenAt;
    private long _lookedAt;
    private long? _reportedAt;

    // Used by the running loop: the attempts that failed since the last delivery.
    private int _failed;
    private long _last;

    public Webhook Webhook => webhook;

    /// <summary>The current cursor; null before <see cref="LoadAsync"/>.</summary>
    public WebhookCursor? Cursor => _cursor;

    /// <summary>How many positions of the log the webhook has not reached, as far as the loop knows.</summary>
    public long Behind => _cursor is { } cursor ? Math.Max(0, Volatile.Read(ref _last) - cursor.Position) : 0;

    public void Wake() => _signal.Wake();

    /// <summary>Reads the cursor. A new webhook starts at the end of the log.</summary>
    /// <exception cref="StoreUnavailableException">The store cannot answer now.</exception>
    public async Task LoadAsync(CancellationToken cancellationToken)
    {
        await _changing.WaitAsync(cancellationToken);
        try
        {
            if (_cursor is not null)
                return;
            var found = await ports.Cursors.FindAsync(webhook.Name, cancellationToken);
            var bounds = await ports.Log.BoundsAsync(cancellationToken);
            Volatile.Write(ref _last, bounds.Last);

            // A webhook that returns after events were purged in the meantime counts as new.
            var isNew = found is null || (found.RemovedAt is not null && bounds.First - 1 > found.Position);
            var cursor = isNew ? new WebhookCursor { Name = webhook.Name, Position = bounds.Last } : found!;

            // If the log was deleted, the positions of the cursor belong to other events.
            cursor = cursor with { RemovedAt = null, Position = Math.Min(cursor.Position, bounds.Last) };
            if (cursor != found)
                await ports.Cursors.WriteAsync(cursor, [], cancellationToken);
            (_cursor, _written, _writtenAt) = (cursor, cursor, ports.Time.GetTimestamp());
            ports.Logger.WebhookConfigured(webhook.Name, webhook.ShownUrl, cursor.Position, bounds.Last - cursor.Position, isNew ? "new" : "known");
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>Applies an operator's change.</summary>
    /// <exception cref="StoreUnavailableException">The store cannot answer now. Nothing has changed.</exception>
    public async Task<WebhookCursor> ChangeAsync(Func<WebhookCursor, WebhookCursor> change, CancellationToken cancellationToken)
    {
        await LoadAsync(cancellationToken);
        await _changing.WaitAsync(cancellationToken);
        try
        {
            if (_closed)
                throw new StoreUnavailableException($"The settings of the webhook {webhook.Name} are being replaced.");
            await WriteAsync(change(_cursor!), cancellationToken);
        }
        finally
        {
            _changing.Release();
            _signal.Wake();
        }

        ports.ReportPausesOver();
        return _cursor!;
    }

    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            TimeSpan sleep;
            try
            {
                await LoadAsync(cancellationToken);
                sleep = await StepAsync(cancellationToken);
            }
            catch (StoreUnavailableException e)
            {
                ports.Logger.StoreUnavailable("webhook", e);
                ports.Troubles.StoreFailed(e.Message);
                sleep = ports.Times.Pause;
            }

            await _signal.SleepAsync(sleep < ports.Times.LongestSleep ? sleep : ports.Times.LongestSleep, cancellationToken);
        }
    }

    /// <summary>
    /// Refuses further changes, because another loop takes over the cursor, and writes what is not written yet. If the webhook's settings were replaced, its failures
    /// are those of the old settings: the new ones are tried at once.
    /// </summary>
    /// <param name="isReplaced">Whether the webhook goes on with other settings.</param>
    /// <exception cref="StoreUnavailableException">The store cannot answer now. Call it again.</exception>
    public async Task CloseAsync(bool isReplaced)
    {
        await _changing.WaitAsync(CancellationToken.None);
        try
        {
            if (_cursor is { } cursor)
            {
                if (isReplaced && cursor is { Paused: null, Attempts: > 0 })
                    cursor = cursor.Resumed();
                if (cursor != _written || _unwritten.Count > 0)
                    await WriteAsync(cursor, CancellationToken.None);
            }

            // Only now: if the write failed and the settings are changed back, this loop goes on.
            _closed = true;
        }
        finally
        {
            _changing.Release();
        }
    }

    public void Dispose() => sender.Dispose();

    /// <summary>Sends the next events.</summary>
    /// <returns>How long to sleep.</returns>
    private async Task<TimeSpan> StepAsync(CancellationToken cancellationToken)
    {
        // Deliveries must be written before anything else is sent. Otherwise a failing store would make the webhook send the same events again and again.
        if (_unwritten.Count > 0)
            await KeepAsync(cursor => cursor, isToBeWritten: true);
        await LookAsync(ifOlderThan: ports.Times.LongestSleep / 2, cancellationToken);
        if (_cursor!.Paused is { } reason)
        {
            if (reason != WebhookPause.Operator && (_reportedAt is not { } at || ports.Time.GetElapsedTime(at) >= ReportedEvery))
                ReportPause(reason, _cursor);
            return ports.Times.LongestSleep;
        }

        if (_cursor.WaitFrom(ports.Time.GetUtcNow()) is var wait && wait > TimeSpan.Zero)
            return wait;

        var position = _cursor.Position;
        var events = await ports.Log.ReadAsync(position, BatchEvents, BatchBytes, cancellationToken);
        if (events.Count == 0)
            return await PassedOverAsync();
        Volatile.Write(ref _last, Math.Max(Volatile.Read(ref _last), events[^1].Seq));

        // A purge may have deleted the events before the first one.
        if (events[0].Seq > position + 1)
        {
            await LookAsync(TimeSpan.Zero, cancellationToken);
            position = Math.Max(position, Math.Min(_cursor.Position, events[0].Seq - 1));
        }

        foreach (var one in events)
        {
            // Replaced settings must neither skip nor send an event. This loop is about to end.
            if (!ports.IsConfigured(webhook))
                return ports.Times.Pause;

            // The previous delivery may have failed, and an operator may have moved the cursor.
            var before = _cursor;
            if (before.Position != position || before.Paused is not null || before.WaitFrom(ports.Time.GetUtcNow()) > TimeSpan.Zero)
                break;
            if (one.Problem is { } problem)
                ports.Troubles.Occurred(one.Key.Source, TroubleKind.UnreadableEvents, Sentence.Verbatim(problem));
            if (one.Problem is not null || !webhook.Wants(one))
                await KeepAsync(cursor => cursor.Position == before.Position ? cursor with { Position = one.Seq } : cursor, isToBeWritten: false);
            else
                await SendAsync(one, before, cancellationToken);
            position = one.Seq;
        }

        return TimeSpan.Zero;
    }

    private async Task SendAsync(LoggedEvent one, WebhookCursor before, CancellationToken cancellationToken)
    {
        var at = ports.Time.GetUtcNow();
        var answer = await sender.SendUnlessStoppingAsync(one.Id, one.Body, cancellationToken);
        var delivery = new WebhookDelivery
        {
            At = at,
            Position = one.Seq,
            EventId = one.Id,
            Type = one.Type,
            Source = one.Key.Source,
            Id = one.Key.Id,
            Attempt = before.Attempts + 1,
            Status = answer.Status,
            Error = answer.Error,
            Milliseconds = (long)answer.Elapsed.TotalMilliseconds,
        };
        ports.Metrics.Attempted(webhook.Name, answer.IsDelivered);
        var now = ports.Time.GetUtcNow();

        // A failure of settings that were replaced meanwhile says nothing about the new ones. An event that was delivered is not sent again.
        var counts = answer.IsDelivered || ports.IsConfigured(webhook);

        // An operator's change wins: a cursor that was moved meanwhile stays where it is.
        await KeepAsync(
            cursor => counts && cursor.Position == before.Position && (answer.IsDelivered || cursor.Attempts == before.Attempts)
                ? cursor.After(answer, one.Seq, now, ports.Random)
                : cursor,
            isToBeWritten: true,
            delivery);
        if (counts)
            Report(before, _cursor!, answer);
    }

    private void Report(WebhookCursor before, WebhookCursor after, WebhookAnswer answer)
    {
        // An operator's change starts the count of the cursor again.
        var failed = Math.Max(before.Attempts, _failed);
        _failed = answer.IsDelivered ? 0 : failed + 1;
        if (answer.IsDelivered && failed > 0)
        {
            ports.Logger.WebhookRecovered(webhook.Name, failed);
            ports.ReportFailuresOver();
        }
        else if (!answer.IsDelivered && before.Attempts == 0)
            ports.Logger.WebhookFailed(webhook.Name, answer.Error!);
        if (!answer.IsDelivered && after.Attempts > 1)
            ports.Troubles.Occurred(null, TroubleKind.WebhookFails, $"the webhook {webhook.Name}: {answer.Failure}");
        if (before.Paused is null && after.Paused is { } reason)
        {
            ports.Logger.WebhookPaused(webhook.Name, Words(reason, after));
            ReportPause(reason, after);
        }
    }

    private void ReportPause(WebhookPause reason, WebhookCursor cursor)
    {
        _reportedAt = ports.Time.GetTimestamp();
        ports.Troubles.Occurred(null, TroubleKind.WebhookPaused, $"the webhook {webhook.Name}: {Words(reason, cursor)}");
    }

    /// <summary>Reads where the log begins and ends, and skips purged events.</summary>
    private async Task LookAsync(TimeSpan ifOlderThan, CancellationToken cancellationToken)
    {
        if (ifOlderThan > TimeSpan.Zero && ports.Time.GetElapsedTime(_lookedAt) < ifOlderThan)
            return;
        var bounds = await ports.Log.BoundsAsync(cancellationToken);
        _lookedAt = ports.Time.GetTimestamp();
        Volatile.Write(ref _last, bounds.Last);
        if (bounds.First - 1 <= _cursor!.Position)
            return;

        var before = _cursor;
        await KeepAsync(cursor => cursor.Purged(bounds.First), isToBeWritten: true);
        var missed = _cursor.Missed - before.Missed;
        ports.Metrics.Missed(webhook.Name, missed);
        ports.Logger.WebhookMissed(webhook.Name, missed, bounds.First);
        ports.Troubles.Occurred(null, TroubleKind.WebhookMissed, $"the webhook {webhook.Name}: {missed} position(s) of the log");
    }

    /// <summary>Writes the position at intervals while events are skipped.</summary>
    private async Task<TimeSpan> PassedOverAsync()
    {
        if (_written == _cursor)
            return ports.Times.LongestSleep;
        if (WrittenEvery - ports.Time.GetElapsedTime(_writtenAt) is var left && left > TimeSpan.Zero)
            return left;
        await KeepAsync(cursor => cursor, isToBeWritten: true);
        return ports.Times.LongestSleep;
    }

    /// <summary>Changes the cursor, in memory even if the store fails: an event that was sent stays sent.</summary>
    private async Task KeepAsync(Func<WebhookCursor, WebhookCursor> change, bool isToBeWritten, WebhookDelivery? delivery = null)
    {
        await _changing.WaitAsync(CancellationToken.None);
        try
        {
            _cursor = change(_cursor!);
            if (delivery is not null)
                _unwritten.Add(delivery);
            if (isToBeWritten)
                await WriteAsync(_cursor, CancellationToken.None);
        }
        finally
        {
            _changing.Release();
        }
    }

    private async ValueTask WriteAsync(WebhookCursor cursor, CancellationToken cancellationToken)
    {
        await ports.Cursors.WriteAsync(cursor, [.. _unwritten], cancellationToken);
        _unwritten.Clear();
        (_cursor, _written, _writtenAt) = (cursor, cursor, ports.Time.GetTimestamp());
    }

    private static Sentence Words(WebhookPause reason, WebhookCursor cursor) => reason == WebhookPause.Gone
        ? (Sentence)$"its receiver answered 410"
        : (Sentence)$"{cursor.Attempts} attempts at an event have failed, most recently: {WebhookFailure.InWords(cursor.LastStatus, cursor.LastError)}";
}
