using System.Text;
using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.PortContracts;
using FopWatch.Publishing;
using FopWatch.Webhooks;

namespace FopWatch.Simulation.Tests.Webhooks;

/// <summary>An event log in memory that records how much is read at once.</summary>
internal sealed class MemoryLog : IEventLog
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<long, LoggedEvent> _events = [];
    private long _last;

    public event Action? Appended;

    public bool Fails { get; set; }

    public int MostRead { get; private set; }

    public void Append(string id, string source = "media", string type = JobEvent.SettledType, string state = "succeeded", int textLength = 0, string? problem = null)
    {
        lock (_lock)
        {
            var seq = ++_last;
            var body = Encoding.UTF8.GetBytes(
                $$$"""{"specversion":"1.0","id":"e{{{seq}}}","type":"{{{type}}}","source":"/fopwatch/{{{source}}}","subject":"{{{id}}}","data":{"text":"{{{new string('x', textLength)}}}","items":[{"state":"failed"}],"state":"{{{state}}}"}}""");
            _events[seq] = new(seq, $"e{seq}", Sample.Start.AddMinutes(seq), type, new(source, id), problem is null ? body : default, problem);
        }

        Appended?.Invoke();
    }

    /// <summary>Deletes the events before a position.</summary>
    public void Purge(long before)
    {
        lock (_lock)
        {
            foreach (var seq in _events.Keys.Where(seq => seq < before).ToList())
                _events.Remove(seq);
        }
    }

    public ValueTask<IReadOnlyList<LoggedEvent>> ReadAsync(long afterSeq, int limit, int bytes, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            ThrowIfFailing();
            var (read, length) = (new List<LoggedEvent>(), 0);
            for (var seq = afterSeq + 1; seq <= _last && read.Count < limit && length < bytes; seq++)
            {
                if (!_events.TryGetValue(seq, out var one))
                    continue;
                read.Add(one);
                length += one.Body.Length;
            }

            MostRead = Math.Max(MostRead, length);
            return new(read);
        }
    }

    public ValueTask<LogBounds> BoundsAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            ThrowIfFailing();
            return new(new LogBounds(_events.Count > 0 ? _events.Keys.First() : _last + 1, _last));
        }
    }

    public ValueTask<long> PositionBeforeAsync(DateTimeOffset time, CancellationToken cancellationToken)
    {
        lock (_lock)
            return new(_events.Values.Where(one => one.Time < time).Select(one => one.Seq).LastOrDefault());
    }

    public ValueTask<long?> PositionOfAsync(string text, CancellationToken cancellationToken) => new(long.Parse(text, System.Globalization.CultureInfo.InvariantCulture));

    private void ThrowIfFailing()
    {
        if (Fails)
            throw new StoreUnavailableException("The store is away.");
    }
}

internal sealed class MemoryWebhookCursors : IWebhookCursors
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, WebhookCursor> _cursors = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<WebhookDelivery>> _deliveries = new(StringComparer.Ordinal);

    public bool Fails { get; set; }

    public int Writes { get; private set; }

    public ValueTask<WebhookCursor?> FindAsync(string name, CancellationToken cancellationToken)
    {
        lock (_lock)
            return new(_cursors.GetValueOrDefault(name));
    }

    public ValueTask<IReadOnlyList<WebhookCursor>> ListAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
            return new([.. _cursors.Values]);
    }

    public ValueTask WriteAsync(WebhookCursor cursor, IReadOnlyList<WebhookDelivery> deliveries, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (Fails)
                throw new StoreUnavailableException("The store is away.");
            Writes++;
            _cursors[cursor.Name] = cursor;
            if (!_deliveries.TryGetValue(cursor.Name, out var kept))
                _deliveries.Add(cursor.Name, kept = []);
            kept.AddRange(deliveries);
            kept.RemoveRange(0, Math.Max(0, kept.Count - IWebhookCursors.KeptDeliveries));
            return default;
        }
    }

    public ValueTask<IReadOnlyList<WebhookDelivery>> DeliveriesAsync(string name, int top, CancellationToken cancellationToken)
    {
        lock (_lock)
            return new([.. (_deliveries.GetValueOrDefault(name) ?? []).AsEnumerable().Reverse().Take(top)]);
    }
}

public sealed class MemoryWebhookCursorsTests : WebhookCursorsContract
{
    private readonly MemoryWebhookCursors _cursors = new();

    protected override ValueTask<IWebhookCursors> OpenAsync() => new(_cursors);

    protected override ValueTask<IWebhookCursors> ReopenAsync() => new(_cursors);

    protected override ValueTask CloseAsync() => default;
}
