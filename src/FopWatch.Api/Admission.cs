using System.Collections.Concurrent;
using System.Threading.RateLimiting;
using FopWatch.Intake;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace FopWatch.Api;

/// <summary>
/// Bounds how many requests a host works on at once: what exceeds that is answered 503 with <c>Retry-After</c> at once, rather
/// than left to wait in a queue that only grows. Providers try again after a 503; Qiniu does not after a 4xx, 429 included
/// (providers.md, section 1). A request whose body is still arriving takes no place: see <see cref="BodyMemory"/>.
/// </summary>
public sealed class Admission : IDisposable
{
    /// <summary>
    /// The most notifications at once, of which one source gets at most half. What one machine can do is done by far fewer: they only wait for
    /// the disk together.
    /// </summary>
    public const int Notifications = 512;

    /// <summary>
    /// The most long lists at once, and the most short ones and searches. They wait for their turn in the order in which they came, and there
    /// are half as many turns of each kind as processors.
    /// </summary>
    public const int Lists = 128;

    /// <summary>
    /// The most registrations at once, over all calls: an array of 1,000 would otherwise put as many changes before those of notifications.
    /// </summary>
    public const int Registrations = 64;

    /// <summary>The most bytes of lists in memory at once that wait for their callers to read them.</summary>
    public const int ListBytes = 64 * 1024 * 1024;

    /// <summary>The most other calls at once, so that a flood of notifications keeps nobody from asking how things stand, nor the reverse.</summary>
    public const int Calls = 128;

    /// <summary>The most calls at once that wait for something.</summary>
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
    /// <param name="logger">Told of requests that are turned away, once a minute at the most.</param>
    /// <param name="waiting">The most calls at once that wait, at least 1: fewer where something before the host counts them as load.</param>
    /// <param name="listTurns">How many lists are made at once; 0 for half as many as there are processors, with a rest after each while there is intake.</param>
    public Admission(TimeProvider time, ILogger<Admission> logger, int waiting = Waiting, int listTurns = 0)
    {
        var turns = listTurns > 0 ? listTurns : Math.Max(1, Environment.ProcessorCount / 2);
        _waiting = Limiters.Of(waiting);
        _lists = new(turns, Lists, listTurns > 0 ? () => false : IsTakingIn, time);
        (_time, _logger) = (time, logger);
    }

    /// <summary>How many requests were turned away since the start for lack of room.</summary>
    public long TurnedAway => _turnedAway.Count;

    /// <summary>Lets a request in, or not. One that its handler admits is let in.</summary>
    /// <param name="request">The request.</param>
    /// <param name="kind">What it costs.</param>
    /// <returns>To be disposed of when the request has been answered; null if the request is to be answered <see cref="Problem.Unavailable"/>.</returns>
    public IDisposable? Enter(HttpRequest request, RequestKind kind)
    {
        ArgumentNullException.ThrowIfNull(request);
        var limiter = kind switch
        {
            RequestKind.Waiting => _waiting,
            RequestKind.CallOrWaiting => request.Query.ContainsKey("wait") ? _waiting : _calls,
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

    /// <summary>Counts a request that was turned away, and logs it unless that was done lately.</summary>
    /// <param name="reason">Why, in words for the operator that name nothing of the request.</param>
    public void Refused(string reason)
    {
        if (_turnedAway.Add(_time) is { } count)
            _logger.TurnedAway(reason, count);
    }

    /// <summary>Counts a notification that is larger than may be, and logs it unless that was done lately for the source.</summary>
    /// <param name="source">The name of the source whose notify URL it came to.</param>
    /// <param name="limit">The limit, in bytes.</param>
    public void TooLarge(string source, int limit)
    {
        if (_tooLarge.GetOrAdd(source, static _ => new()).Add(_time) is { } count)
            _logger.TooLarge(source, limit, count);
    }

    /// <summary>Takes a place for a notification that has arrived and may be decoded.</summary>
    /// <param name="source">The name of the source whose notify URL it came to.</param>
    /// <returns>To be disposed of when the request has been answered.</returns>
    /// <exception cref="IntakeFullException">There is none for the source.</exception>
    internal IDisposable EnterNotification(string source) =>
        _notifications.TryTake(source) ?? throw new IntakeFullException("A request was turned away: too many notifications of its source at once.");

    /// <summary>Takes a place for a registration that has arrived.</summary>
    /// <returns>To be disposed of when the request has been answered.</returns>
    /// <exception cref="IntakeFullException">There is none.</exception>
    internal IDisposable EnterRegistration()
    {
        var place = _calls.AttemptAcquire();
        if (place.IsAcquired)
            return place;
        place.Dispose();
        throw new IntakeFullException("A request was turned away: too many requests at once.");
    }

    /// <summary>Waits until a job may be registered.</summary>
    /// <returns>To be disposed of when it is.</returns>
    internal async ValueTask<IDisposable> RegistrationTurnAsync(CancellationToken cancellationToken) =>
        await _registrations.AcquireAsync(1, cancellationToken);

    /// <summary>Waits until a list may be made.</summary>
    /// <param name="isLong">Whether it may have more than <see cref="Jobs.JobQuery.ShortTop"/> jobs, or is as costly.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <returns>To be disposed of when it is made, and written down.</returns>
    /// <exception cref="IntakeFullException">Too many wait already.</exception>
    internal async ValueTask<IDisposable> ListTurnAsync(bool isLong, CancellationToken cancellationToken) =>
        await _lists.TakeAsync(isLong, cancellationToken)
        ?? throw new IntakeFullException("A request was turned away: too many lists at once.");

    /// <summary>Takes room for a list until its caller has read it.</summary>
    /// <returns>To be disposed of then; null if there is none, and the request is to be answered <see cref="Problem.Unavailable"/>.</returns>
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
