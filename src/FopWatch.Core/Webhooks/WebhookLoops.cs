using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using FopWatch.Diagnosis;
using FopWatch.Embedded;
using FopWatch.Jobs;
using FopWatch.Publishing;
using Microsoft.Extensions.Logging;

namespace FopWatch.Webhooks;

/// <summary>
/// The webhooks of a host, with a loop each, so that a slow receiver delays no other. Starts and ends loops as webhooks are added, removed or changed in
/// <see cref="ConfiguredWebhooks"/>.
/// </summary>
public sealed class WebhookLoops
{
    /// <summary>The type of the event that <see cref="TestAsync"/> sends.</summary>
    public const string TestType = "fopwatch.webhook.test";

    private readonly ConfiguredWebhooks _configured;
    private readonly LoopSupervisor _supervisor;
    private readonly WebhookPorts _ports;
    private readonly Func<Webhook, WebhookSender> _senderOf;
    private readonly WakeSignal _signal;
    private readonly ConcurrentDictionary<string, WebhookLoop> _loops = new(StringComparer.Ordinal);

    /// <param name="configured">The configured webhooks.</param>
    /// <param name="events">The published events.</param>
    /// <param name="cursors">The positions of webhooks in the log.</param>
    /// <param name="supervisor">Restarts loops that fail.</param>
    /// <param name="metrics">The metrics.</param>
    /// <param name="troubles">Receives failures of receivers and of the store.</param>
    /// <param name="times">The times of the loops.</param>
    /// <param name="log">The log.</param>
    /// <param name="time">The clock.</param>
    /// <param name="random">Varies the waits.</param>
    /// <param name="senderOf">Creates the sender of a webhook.</param>
    public WebhookLoops(
        ConfiguredWebhooks configured,
        IEventLog events,
        IWebhookCursors cursors,
        LoopSupervisor supervisor,
        WebhookMetrics metrics,
        Troubles troubles,
        LoopTimes times,
        ILogger log,
        TimeProvider time,
        Random random,
        Func<Webhook, WebhookSender> senderOf)
    {
        ArgumentNullException.ThrowIfNull(configured);
        ArgumentNullException.ThrowIfNull(events);
        ArgumentNullException.ThrowIfNull(metrics);
        (_configured, _supervisor, _senderOf) = (configured, supervisor, senderOf);
        _ports = new(events, cursors, metrics, troubles, times, log, time, random, () => _loops.Values, webhook => _configured.All.Contains(webhook));
        _signal = new(time);
        configured.Replaced += _signal.Wake;
        events.Appended += WakeAll;
        metrics.Observe(() => _loops.Values.Select(loop => (loop.Webhook.Name, loop.Behind, loop.Cursor?.Paused is not null)));
    }

    /// <summary>
    /// Starts new webhooks at the end of the log, and records which webhooks were removed. Call it before anything is published: then new webhooks miss nothing.
    /// </summary>
    /// <exception cref="StoreUnavailableException">The store cannot answer now.</exception>
    public async Task PrepareAsync(CancellationToken cancellationToken)
    {
        var all = _configured.All;
        await StartNewAsync(cancellationToken);
        foreach (var cursor in await _ports.Cursors.ListAsync(cancellationToken))
        {
            if (cursor.RemovedAt is not null || all.Any(webhook => webhook.Name == cursor.Name))
                continue;
            await _ports.Cursors.WriteAsync(cursor with { RemovedAt = _ports.Time.GetUtcNow() }, [], cancellationToken);
            _ports.Logger.WebhookRemoved(cursor.Name);
        }
    }

    /// <summary>Starts new webhooks at the end of the log.</summary>
    /// <exception cref="StoreUnavailableException">The store cannot answer now.</exception>
    public async Task StartNewAsync(CancellationToken cancellationToken)
    {
        foreach (var webhook in _configured.All)
            await LoopOf(webhook).LoadAsync(cancellationToken);
    }

    /// <summary>Runs the loops until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var running = new Dictionary<WebhookLoop, (CancellationTokenSource Stop, Task Ended)>();
        try
        {
            while (true)
            {
                var sleep = _ports.Times.LongestSleep;
                try
                {
                    await ApplyAsync(running, cancellationToken);
                }
                catch (StoreUnavailableException e)
                {
                    _ports.Troubles.StoreFailed(e.Message);
                    sleep = _ports.Times.Pause;
                }

                await _signal.SleepAsync(sleep, cancellationToken);
            }
        }
        finally
        {
            foreach (var loop in running.Keys.ToList())
                await StopAsync(running, loop);
        }
    }

    /// <summary>All webhooks, in the order of their names.</summary>
    /// <exception cref="StoreUnavailableException">The store cannot answer now.</exception>
    public async Task<IReadOnlyList<WebhookStatus>> ListAsync(CancellationToken cancellationToken)
    {
        var (statuses, last) = (new List<WebhookStatus>(), (await _ports.Log.BoundsAsync(cancellationToken)).Last);
        foreach (var webhook in _configured.All.OrderBy(webhook => webhook.Name, StringComparer.Ordinal))
            statuses.Add(await StatusAsync(webhook, last, cancellationToken));
        return statuses;
    }

    /// <summary>A webhook; null if there is none of that name.</summary>
    /// <exception cref="StoreUnavailableException">The store cannot answer now.</exception>
    public async Task<WebhookStatus?> FindAsync(string name, CancellationToken cancellationToken) =>
        Configured(name) is { } webhook ? await StatusAsync(webhook, (await _ports.Log.BoundsAsync(cancellationToken)).Last, cancellationToken) : null;

    /// <summary>The last attempts of a webhook, newest first; null if there is none of that name.</summary>
    /// <exception cref="StoreUnavailableException">The store cannot answer now.</exception>
    public async Task<IReadOnlyList<WebhookDelivery>?> DeliveriesAsync(string name, int top, CancellationToken cancellationToken) =>
        Configured(name) is null ? null : await _ports.Cursors.DeliveriesAsync(name, top, cancellationToken);

    /// <summary>Pauses a webhook; null if there is none of that name. An event in flight may still be delivered.</summary>
    /// <exception cref="StoreUnavailableException">The store cannot answer now. Nothing has changed.</exception>
    public Task<WebhookStatus?> PauseAsync(string name, CancellationToken cancellationToken) =>
        ChangeAsync(name, "paused", cursor => cursor.PausedBecause(WebhookPause.Operator, _ports.Time.GetUtcNow()), cancellationToken);

    /// <summary>Resumes a paused webhook, or retries a failing one, at once; null if there is none of that name.</summary>
    /// <exception cref="StoreUnavailableException">The store cannot answer now. Nothing has changed.</exception>
    public Task<WebhookStatus?> ResumeAsync(string name, CancellationToken cancellationToken) =>
        ChangeAsync(name, "resumed", cursor => cursor.Resumed(), cancellationToken);

    /// <summary>
    /// Moves a webhook, so that it continues after a position of the log; null if there is none of that name. Events after the position are sent again, as far as
    /// they have not been deleted.
    /// </summary>
    /// <exception cref="StoreUnavailableException">The store cannot answer now. Nothing has changed.</exception>
    public async Task<WebhookStatus?> ReplayAsync(string name, long position, CancellationToken cancellationToken)
    {
        var first = (await _ports.Log.BoundsAsync(cancellationToken)).First;
        return await ChangeAsync(name, "moved", cursor => cursor.MovedTo(position, first), cancellationToken);
    }

    /// <summary>The webhook as <see cref="ReplayAsync"/> would leave it; null if there is none of that name.</summary>
    /// <exception cref="StoreUnavailableException">The store cannot answer now.</exception>
    public async Task<WebhookStatus?> PreviewReplayAsync(string name, long position, CancellationToken cancellationToken)
    {
        if (Configured(name) is not { } webhook)
            return null;
        var bounds = await _ports.Log.BoundsAsync(cancellationToken);
        return WebhookStatus.Of(webhook, (await CursorAsync(webhook, cancellationToken)).MovedTo(position, bounds.First), bounds.Last);
    }

    /// <summary>Sends one test event of type <see cref="TestType"/>, outside the log; null if there is no webhook of that name.</summary>
    public async Task<WebhookAnswer?> TestAsync(string name, CancellationToken cancellationToken)
    {
        if (Configured(name) is not { } webhook)
            return null;
        var (id, time) = (Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)), _ports.Time.GetUtcNow().UtcDateTime);
        var body = $$$"""
            {"specversion":"1.0","id":"{{{id}}}","type":"{{{TestType}}}","source":"/fopwatch","time":"{{{time:yyyy-MM-dd'T'HH:mm:ss'Z'}}}","datacontenttype":"application/json","data":{"webhook":"{{{webhook.Name}}}"}}
            """;

        // Over a separate connection, so that no event waits for it.
        using var sender = _senderOf(webhook);
        return await sender.SendAsync(id, Encoding.UTF8.GetBytes(body), cancellationToken);
    }

    private async Task<WebhookStatus?> ChangeAsync(
        string name, string what, Func<WebhookCursor, WebhookCursor> change, CancellationToken cancellationToken)
    {
        if (Configured(name) is not { } webhook)
            return null;
        var changed = await LoopOf(webhook).ChangeAsync(change, cancellationToken);
        _ports.Logger.WebhookChanged(name, what, changed.Position);
        return WebhookStatus.Of(webhook, changed, (await _ports.Log.BoundsAsync(cancellationToken)).Last);
    }

    private async Task<WebhookStatus> StatusAsync(Webhook webhook, long last, CancellationToken cancellationToken) =>
        WebhookStatus.Of(webhook, await CursorAsync(webhook, cancellationToken), last);

    private async Task<WebhookCursor> CursorAsync(Webhook webhook, CancellationToken cancellationToken)
    {
        var loop = LoopOf(webhook);
        await loop.LoadAsync(cancellationToken);
        return loop.Cursor!;
    }

    private Webhook? Configured(string name) => _configured.All.FirstOrDefault(webhook => webhook.Name == name);

    private WebhookLoop LoopOf(Webhook webhook) => _loops.GetOrAdd(webhook.Name, _ => new(webhook, _senderOf(webhook), _ports));

    private void WakeAll()
    {
        foreach (var (_, loop) in _loops)
            loop.Wake();
    }

    /// <summary>Ends the loops of removed or changed webhooks, and starts loops that are not running.</summary>
    private async Task ApplyAsync(Dictionary<WebhookLoop, (CancellationTokenSource Stop, Task Ended)> running, CancellationToken cancellationToken)
    {
        var all = _configured.All;

        // Cancel all first, because each may wait for the answer to its event.
        foreach (var (loop, one) in running)
        {
            if (!all.Contains(loop.Webhook))
                await one.Stop.CancelAsync();
        }

        foreach (var (name, loop) in _loops)
        {
            if (all.Contains(loop.Webhook))
                continue;
            await StopAsync(running, loop);
            await loop.CloseAsync(isReplaced: all.Any(webhook => webhook.Name == name));
            _loops.TryRemove(name, out _);
            loop.Dispose();

            // It may have been the one that failed.
            _ports.ReportFailuresOver();
            _ports.ReportPausesOver();
        }

        await PrepareAsync(cancellationToken);
        foreach (var loop in _loops.Values.Where(loop => !running.ContainsKey(loop)))
        {
            // A request from before the change has created a loop with the old settings.
            if (!all.Contains(loop.Webhook))
            {
                _signal.Wake();
                continue;
            }

            var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            running[loop] = (stop, _supervisor.RunAsync([new($"webhook {loop.Webhook.Name}", loop.RunAsync)], stop.Token));
        }
    }

    private static async Task StopAsync(Dictionary<WebhookLoop, (CancellationTokenSource Stop, Task Ended)> running, WebhookLoop loop)
    {
        if (!running.Remove(loop, out var one))
            return;
        await one.Stop.CancelAsync();
        await one.Ended;
        one.Stop.Dispose();
    }
}
