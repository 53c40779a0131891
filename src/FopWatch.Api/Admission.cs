using System.Collections.Concurrent;
using System.Threading.RateLimiting;
using FopWatch.Intake;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace FopWatch.Api;

/// <summary>
/// Limits the number of concurrent requests. A request in excess is answered 503 with <c>Retry-After</c> at once, because a queue would only
/// grow. Providers retry after a 503; Qiniu does not retry after a 4xx, 429 included (providers.md, section 1). A request whose body is still
/// arriving takes no place: see <see cref="BodyMemory"/>.
/// </summary>
public sealed class Admission : IDisposable
{
    /// <summary>
    /// The maximum of concurrent notifications. One source gets at most half of them. Far fewer saturate a machine: most of them wait for the same
    /// write to disk.
    /// </summary>
    public const int Notifications = 512;

    /// <summary>
    /// The maximum of concurrent long lists, and separately of short lists and searches. Each kind has half as many turns as there are processors;
    /// requests get them in the order of arrival.
    /// </summary>
    public const int Lists = 128;

    /// <summary>
    /// The maximum of concurrent registrations over all calls. Without it, an array of 1,000 would queue as many changes before those of notifications.
    /// </summary>
    public const int Registrations = 64;

    /// <summary>The maximum of bytes of finished lists in memory that callers have not read yet.</summary>
    public const int ListBytes = 64 * 1024 * 1024;

    /// <summary>The maximum of other concurrent calls. A flood of notifications does not block them, nor the reverse.</summary>
    public const int Calls = 128;

    /// <summary>The maximum of concurrent waiting calls (<see cref="RequestKind.Waiting"/>).</summary>
    public const int Waiting = 1024;

    private readonly SharedPlaces _notifications = new(Notifications);
    private readonly ConcurrencyLimiter _calls = Limiters.Of(Calls);
    private readonly ConcurrencyLimiter _waiting;
    private readonly ConcurrencyLimiter _registrations = Limiters.Of(Registrations, int.MaxValue);
    private readonly ListTurns _lists;
    private readonly ConcurrencyLimiter _listBytes = Limiters.Of(ListBytes);
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Tally _turnedAway = new();
    private readonly ConcurrentDictionary<string, Tally> _tooLarge = new(StringComparer.Ordinal);

    /// <param name="time">The clock.</param>
    /// <param name="logger">Gets a warning of requests that are turned away, at most once a minute.</param>
    /// <param name="waiting">The maximum of concurrent waiting calls, at least 1. Lower where a front end counts them as load.</param>
    /// <param name="listTurns">The number of lists made concurrently. 0: half the number of processors, with a pause after each list while there is intake.</param>
    public Admission(TimeProvider time, ILogger<Admission> logger, int waiting = Waiting, int listTurns = 0)
    {
        var turns = listTurns > 0 ? listTurns : Math.Max(1, Environment.ProcessorCount / 2);
        _waiting = Limiters.Of(waiting);
        _lists = new(turns, Lists, listTurns > 0 ? () => false : IsTakingIn, time);
        (_time, _logger) = (time, logger);
    }

    /// <summary>The number of requests turned away for lack of room since the start.</summary>
    public long TurnedAway => _turnedAway.Count;

    /// <summary>Admits or refuses a request. A kind that its handler admits passes.</summary>
    /// <param name="request">The request.</param>
    /// <param name="kind">Its kind.</param>
    /// <returns>The place, to dispose of after the answer; null if the answer must be <see cref="Problem.Unavailable"/>.</returns>
    public IDisposable? Enter(HttpRequest request, RequestKind kind)
    {
        ArgumentNullException.ThrowIfNull(request);
        var limiter = kind switch
        {
            _ when IsWaiting(request, kind) => _waiting,
            RequestKind.List or RequestKind.Notification or RequestKind.Registration or RequestKind.Health => null,
            _ => _calls,
        };
        if (limiter is null)
            return Place.None;
        var place = limiter.AttemptAcquire();
        if (place.IsAcquired)
            return place;
        place.Dispose();
        Refused("too many requests at once");
        return null;
    }

    /// <summary>Whether a request waits for something.</summary>
    internal static bool IsWaiting(HttpRequest request, RequestKind kind) =>
        kind == RequestKind.Waiting || (kind == RequestKind.CallOrWaiting && request.Query.ContainsKey("wait"));

    /// <summary>Counts a request that was turned away, and logs it at most once a minute.</summary>
    /// <param name="reason">The reason, for the operator, without content of the request.</param>
    public void Refused(string reason)
    {
        if (_turnedAway.Add(_time) is { } count)
            _logger.TurnedAway(reason, count);
    }

    /// <summary>Counts a notification over the size limit, and logs it at most once a minute per source.</summary>
    /// <param name="source">The name of the source of its notify URL.</param>
    /// <param name="limit">The limit, in bytes.</param>
    public void TooLarge(string source, int limit)
    {
        if (_tooLarge.GetOrAdd(source, static _ => new()).Add(_time) is { } count)
            _logger.TooLarge(source, limit, count);
    }

    /// <summary>Takes a place for a notification whose body has arrived and that has its decode turn.</summary>
    /// <param name="source">The name of the source of its notify URL.</param>
    /// <returns>The place, to dispose of after the answer.</returns>
    /// <exception cref="IntakeFullException">No place is free for the source.</exception>
    internal IDisposable EnterNotification(string source) =>
        _notifications.TryTake(source) ?? throw new IntakeFullException("A request was turned away: too many notifications of its source at once.");

    /// <summary>Takes a place for a registration whose body has arrived.</summary>
    /// <returns>The place, to dispose of after the answer.</returns>
    /// <exception cref="IntakeFullException">No place is free.</exception>
    internal IDisposable EnterRegistration()
    {
        var place = _calls.AttemptAcquire();
        if (place.IsAcquired)
            return place;
        place.Dispose();
        throw new IntakeFullException("A request was turned away: too many requests at once.");
    }

    /// <summary>Waits for the turn to register one job.</summary>
    /// <returns>The turn, to dispose of when the job is registered.</returns>
    internal async ValueTask<IDisposable> RegistrationTurnAsync(CancellationToken cancellationToken) =>
        await _registrations.AcquireAsync(1, cancellationToken);

    /// <summary>Waits for the turn to make a list.</summary>
    /// <param name="isLong">Whether it may have more than <see cref="Jobs.JobQuery.ShortTop"/> jobs, or is as costly.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <returns>The turn, to dispose of when the list is serialised.</returns>
    /// <exception cref="IntakeFullException">Too many lists wait.</exception>
    internal async ValueTask<IDisposable> ListTurnAsync(bool isLong, CancellationToken cancellationToken) =>
        await _lists.TakeAsync(isLong, cancellationToken)
        ?? throw new IntakeFullException("A request was turned away: too many lists at once.");

    /// <summary>Takes room for a list until its caller has read it.</summary>
    /// <returns>The room, to dispose of then; null if there is none, and the answer must be <see cref="Problem.Unavailable"/>.</returns>
    internal IDisposable? ListRoom(long bytes)
    {
        var room = _listBytes.AttemptAcquire((int)Math.Min(bytes, ListBytes));
        if (room.IsAcquired)
            return room;
        room.Dispose();
        Refused("too many bytes of lists at once");
        return null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _calls.Dispose();
        _waiting.Dispose();
        _registrations.Dispose();
        _lists.Dispose();
        _listBytes.Dispose();
    }

    private bool IsTakingIn() => _notifications.IsInUse || _registrations.GetStatistics()?.CurrentAvailablePermits < Registrations;

    private sealed class Place : IDisposable
    {
        public static readonly Place None = new();

        public void Dispose()
        {
        }
    }
}
