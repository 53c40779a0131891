using System.Collections.Concurrent;

namespace FopWatch.Simulator;

/// <summary>What a request to the notify URL was.</summary>
public enum DeliveryKind
{
    /// <summary>The provider's own notification.</summary>
    Genuine,

    /// <summary>Somebody else's, claiming another outcome.</summary>
    Forged,

    /// <summary>A body that makes no sense.</summary>
    Undecodable,
}

/// <summary>One request to a notify URL, or the attempt.</summary>
/// <param name="Kind">What it was.</param>
/// <param name="Notification">Which of the job's notifications: from 0, in the order in which they were due; a double has a number of its own.</param>
/// <param name="Attempt">1 for the first delivery, 2 for its first retry, and so on.</param>
/// <param name="At">When it was sent.</param>
/// <param name="Status">The HTTP status that was answered; null if there was no whole answer.</param>
public sealed record Delivery(DeliveryKind Kind, int Notification, int Attempt, DateTimeOffset At, int? Status)
{
    /// <summary>Whether it was answered with 200.</summary>
    public bool IsAccepted => Status == 200;
}

/// <summary>What a simulated provider has sent and answered so far. Any thread may read it at any time.</summary>
public sealed class SimulatorCounters
{
    private readonly ConcurrentDictionary<int, long> _byStatus = new();
    private readonly ConcurrentDictionary<StatusAnswer, long> _byAnswer = new();
    private readonly ConcurrentDictionary<string, ConcurrentQueue<Delivery>> _byJob = new(StringComparer.Ordinal);
    private long _sent;
    private long _redirectsFollowed;
    private long _unsolicitedQueries;

    /// <summary>Requests to notify URLs, of all kinds and with all retries.</summary>
    public long NotificationsSent => Interlocked.Read(ref _sent);

    /// <summary>Those answered with 200.</summary>
    public long NotificationsAccepted => _byStatus.GetValueOrDefault(200);

    /// <summary>All of them by the HTTP status answered; 0 where there was no whole answer.</summary>
    public IReadOnlyDictionary<int, long> NotificationsByStatus => new Dictionary<int, long>(_byStatus);

    /// <summary>Questions to the status APIs.</summary>
    public long StatusQueries => _byAnswer.Values.Sum();

    /// <summary>The same by how they were answered.</summary>
    public IReadOnlyDictionary<StatusAnswer, long> StatusQueriesByAnswer => new Dictionary<StatusAnswer, long>(_byAnswer);

    /// <summary>How often a client went where a <see cref="StatusAnswer.Redirect"/> sent it, which it should not.</summary>
    public long RedirectsFollowed => Interlocked.Read(ref _redirectsFollowed);

    /// <summary>Questions for ids that were never submitted; they count as <see cref="StatusAnswer.NotFound"/> as well.</summary>
    public long UnsolicitedQueries => Interlocked.Read(ref _unsolicitedQueries);

    /// <summary>Every request that was sent for a job, in the order of their ends.</summary>
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
