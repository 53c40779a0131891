using System.Collections.Concurrent;

namespace FopWatch.Simulator;

/// <summary>The kind of a request to the notify URL.</summary>
public enum DeliveryKind
{
    /// <summary>The provider's own notification.</summary>
    Genuine,

    /// <summary>A forged one that claims another outcome.</summary>
    Forged,

    /// <summary>A body that cannot be decoded.</summary>
    Undecodable,
}

/// <summary>A request to a notify URL, or an attempt to send one.</summary>
/// <param name="Kind">The kind.</param>
/// <param name="Notification">The number of the notification within the job, from 0, by due time. A duplicate has its own number.</param>
/// <param name="Attempt">1 for the first delivery, 2 for its first retry, and so on.</param>
/// <param name="At">When it was sent.</param>
/// <param name="Status">The HTTP status of the answer; null if there was no complete answer.</param>
public sealed record Delivery(DeliveryKind Kind, int Notification, int Attempt, DateTimeOffset At, int? Status)
{
    /// <summary>Whether it was answered with 200.</summary>
    public bool IsAccepted => Status == 200;
}

/// <summary>Counts of a simulated provider's requests and answers so far. Thread-safe.</summary>
public sealed class SimulatorCounters
{
    private readonly ConcurrentDictionary<int, long> _byStatus = new();
    private readonly ConcurrentDictionary<StatusAnswer, long> _byAnswer = new();
    private readonly ConcurrentDictionary<string, ConcurrentQueue<Delivery>> _byJob = new(StringComparer.Ordinal);
    private long _sent;
    private long _redirectsFollowed;
    private long _unsolicitedQueries;

    /// <summary>Requests to notify URLs of all kinds, including retries.</summary>
    public long NotificationsSent => Interlocked.Read(ref _sent);

    /// <summary>Requests answered with 200.</summary>
    public long NotificationsAccepted => _byStatus.GetValueOrDefault(200);

    /// <summary>Requests by HTTP status of the answer; 0 for no complete answer.</summary>
    public IReadOnlyDictionary<int, long> NotificationsByStatus => new Dictionary<int, long>(_byStatus);

    /// <summary>Queries to the status APIs.</summary>
    public long StatusQueries => _byAnswer.Values.Sum();

    /// <summary>Queries by kind of answer.</summary>
    public IReadOnlyDictionary<StatusAnswer, long> StatusQueriesByAnswer => new Dictionary<StatusAnswer, long>(_byAnswer);

    /// <summary>How often a client followed a <see cref="StatusAnswer.Redirect"/>, which it should not do.</summary>
    public long RedirectsFollowed => Interlocked.Read(ref _redirectsFollowed);

    /// <summary>Queries for ids that were never submitted. They also count as <see cref="StatusAnswer.NotFound"/>.</summary>
    public long UnsolicitedQueries => Interlocked.Read(ref _unsolicitedQueries);

    /// <summary>Every request that was sent for a job, in order of completion.</summary>
    /// <param name="id">The <c>persistentId</c>.</param>
    public IReadOnlyList<Delivery> Deliveries(string id) => _byJob.TryGetValue(id, out var deliveries) ? [.. deliveries] : [];

    /// <summary>Whether a genuine notification of a job was answered with 200.</summary>
    /// <param name="id">The <c>persistentId</c>.</param>
    public bool IsAcknowledged(string id) =>
        _byJob.TryGetValue(id, out var deliveries) && deliveries.Any(delivery => delivery is { Kind: DeliveryKind.Genuine, IsAccepted: true });

    internal void Sent(string id, Delivery delivery)
    {
        _byJob.GetOrAdd(id, _ => new()).Enqueue(delivery);
        _byStatus.AddOrUpdate(delivery.Status ?? 0, 1, (_, count) => count + 1);
        Interlocked.Increment(ref _sent);
    }

    internal void Answered(StatusAnswer answer) => _byAnswer.AddOrUpdate(answer, 1, (_, count) => count + 1);

    internal void FollowedRedirect() => Interlocked.Increment(ref _redirectsFollowed);

    internal void AskedForStranger() => Interlocked.Increment(ref _unsolicitedQueries);
}
