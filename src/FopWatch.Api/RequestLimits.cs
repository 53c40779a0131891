using System.Collections.Concurrent;
using System.Threading.RateLimiting;
using FopWatch.Intake;
using FopWatch.Providers;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace FopWatch.Api;

/// <summary>
/// Bounds what a host works on at once, and so its memory: what goes beyond is answered 503 with <c>Retry-After</c> at once, rather
/// than left to wait in a queue that only grows. Providers try again after a 503; Qiniu does not after a 4xx, 429 included
/// (providers.md, section 1).
/// </summary>
public sealed class RequestLimits : IDecodeTurns, IDisposable
{
    /// <summary>The most notifications at once. What one machine can do is done by far fewer: they only wait for the disk together.</summary>
    public const int Notifications = 256;

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

    /// <summary>
    /// The most calls at once that wait for something: <c>?wait=</c>, event streams, and the answers of status APIs. They cost memory and
    /// nothing else.
    /// </summary>
    public const int Waiting = 1024;

    /// <summary>
    /// The most bytes of bodies in memory at once, unless <see cref="Settings.FopWatchSettings.MaxBodyBytes"/> is more than a quarter
    /// of that.
    /// </summary>
    public const int BodyBytes = 32 * 1024 * 1024;

    /// <summary>
    /// A body that is larger than this, in bytes, waits for its turn before it is decoded, and there are as many turns as processors:
    /// decoding takes the processor for so long that short requests are not to queue behind it.
    /// </summary>
    public const int LargeBody = 16 * 1024;

    /// <summary>
    /// The most bytes of large bodies that are decoded and not answered yet: decoded, a body takes many times its length in memory. A larger body
    /// is decoded when no other is.
    /// </summary>
    public const int DecodedBytes = 4 * 1024 * 1024;

    private static readonly TimeSpan LogEvery = TimeSpan.FromMinutes(1);

    private readonly ConcurrencyLimiter _notifications = Limiter(Notifications);
    private readonly ConcurrencyLimiter _calls = Limiter(Calls);
    private readonly ConcurrencyLimiter _waiting;
    private readonly ConcurrencyLimiter _bodies;
    private readonly ConcurrencyLimiter _registrations = Limiter(Registrations, int.MaxValue);
    private readonly ListTurns _lists;
    private readonly ConcurrencyLimiter _listBytes = Limiter(ListBytes);
    private readonly ConcurrencyLimiter _decoded = Limiter(DecodedBytes, int.MaxValue);
    private readonly ConcurrencyLimiter _turns = Limiter(Environment.ProcessorCount, int.MaxValue);
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly int _maxBodyBytes;
    private readonly Tally _turnedAway = new();
    private readonly ConcurrentDictionary<string, Tally> _tooLarge = new(StringComparer.Ordinal);

    /// <param name="settings">The settings.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Told of requests that are turned away, once a minute at the most.</param>
    /// <param name="waiting">The most calls at once that wait, at least 1: fewer where something before the host counts them as load.</param>
    /// <param name="listTurns">How many lists are made at once; 0 for half as many as there are processors, with a rest after each while there is intake.</param>
    public RequestLimits(
        Settings.FopWatchSettings settings, TimeProvider time, ILogger<RequestLimits> logger, int waiting = Waiting, int listTurns = 0)
    {
        ArgumentNullException.ThrowIfNull(settings);
        var turns = listTurns > 0 ? listTurns : Math.Max(1, Environment.ProcessorCount / 2);
        _waiting = Limiter(waiting);
        _lists = new(turns, Lists, listTurns > 0 ? () => false : IsTakingIn, time);
        _bodies = Limiter(Math.Max(BodyBytes, 4 * settings.MaxBodyBytes));
        (_time, _logger, _maxBodyBytes) = (time, logger, settings.MaxBodyBytes);
    }

    /// <summary>How many requests were turned away since the start for lack of room.</summary>
    public long TurnedAway => _turnedAway.Count;

    /// <summary>Lets a request in, or not.</summary>
    /// <returns>To be disposed of when the request has been answered; null if the request is to be answered <see cref="Problem.Unavailable"/>.</returns>
    public IDisposable? Enter(HttpRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var place = LimiterOf(request)?.AttemptAcquire();
        if (place is { IsAcquired: false })
        {
            place.Dispose();
            Refused("too many requests at once");
            return null;
        }

        var body = new BodyRoom(this, place);
        request.HttpContext.Features.Set(body);
        return body;
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
    public void TooLarge(string source)
    {
        if (_tooLarge.GetOrAdd(source, static _ => new()).Add(_time) is { } count)
            _logger.TooLarge(source, _maxBodyBytes, count);
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
    public async ValueTask<IDecodeTurn?> WaitAsync(int bytes, CancellationToken cancellationToken)
    {
        if (bytes <= LargeBody)
            return null;
        var room = await _decoded.AcquireAsync(Math.Min(bytes, DecodedBytes), cancellationToken);
        try
        {
            return new DecodeTurn(room, await _turns.AcquireAsync(1, cancellationToken));
        }
        catch
        {
            room.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _notifications.Dispose();
        _calls.Dispose();
        _waiting.Dispose();
        _bodies.Dispose();
        _registrations.Dispose();
        _lists.Dispose();
        _listBytes.Dispose();
        _decoded.Dispose();
        _turns.Dispose();
    }

    private static ConcurrencyLimiter Limiter(int permits, int waiting = 0) =>
        new(new() { PermitLimit = permits, QueueLimit = waiting, QueueProcessingOrder = QueueProcessingOrder.OldestFirst });

    private bool IsTakingIn() => IsInUse(_notifications, Notifications) || IsInUse(_registrations, Registrations);

    private static bool IsInUse(ConcurrencyLimiter limiter, int permits) => limiter.GetStatistics()?.CurrentAvailablePermits < permits;

    private static bool IsList(HttpRequest request) =>
        (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method))
        && request.Path.Value?.TrimEnd('/') is { } path
        && (path.Equals("/api/jobs", StringComparison.OrdinalIgnoreCase) || path.Equals("/api/quarantine", StringComparison.OrdinalIgnoreCase));

    /// <summary>
    /// None for health: under load above all, somebody wants to know how the host is. None for lists: <see cref="ListTurnAsync"/> has theirs.
    /// </summary>
    private ConcurrencyLimiter? LimiterOf(HttpRequest request) =>
        request.Path.StartsWithSegments("/health", StringComparison.OrdinalIgnoreCase) || IsList(request) ? null
        : request.Path.StartsWithSegments("/api/notify", StringComparison.OrdinalIgnoreCase) ? _notifications
        : request.Path.StartsWithSegments("/events", StringComparison.OrdinalIgnoreCase)
            || request.Query.ContainsKey("wait")
            || request.Path.Value?.TrimEnd('/').EndsWith("/poll", StringComparison.OrdinalIgnoreCase) == true ? _waiting
        : _calls;

    /// <summary>Counts what strangers can cause any number of, and says when it is worth a line in the log.</summary>
    private sealed class Tally
    {
        private long _count;
        private long _loggedAt = long.MinValue;

        public long Count => Interlocked.Read(ref _count);

        /// <summary>Counts one.</summary>
        /// <returns>How many there were, if that is to be logged; null if it was done lately.</returns>
        public long? Add(TimeProvider time)
        {
            var count = Interlocked.Increment(ref _count);
            var (last, now) = (Interlocked.Read(ref _loggedAt), time.GetTimestamp());
            return (last == long.MinValue || time.GetElapsedTime(last, now) >= LogEvery)
                && Interlocked.CompareExchange(ref _loggedAt, now, last) == last
                    ? count
                    : null;
        }
    }

    private sealed class DecodeTurn(RateLimitLease room, RateLimitLease processor) : IDecodeTurn
    {
        public void Decoded() => processor.Dispose();

        public void Dispose()
        {
            processor.Dispose();
            room.Dispose();
        }
    }

    /// <summary>The bytes that a request's body takes.</summary>
    internal sealed class BodyRoom(RequestLimits limits, RateLimitLease? place) : IDisposable
    {
        private readonly List<RateLimitLease> _leases = [];

        /// <summary>Takes room for more bytes.</summary>
        /// <exception cref="IntakeFullException">There is none.</exception>
        public void Take(int bytes)
        {
            var lease = limits._bodies.AttemptAcquire(bytes);
            if (!lease.IsAcquired)
            {
                lease.Dispose();
                throw new IntakeFullException("A request was turned away: too many bytes of bodies at once.");
            }

            _leases.Add(lease);
        }

        /// <summary>Waits until a body may be decoded.</summary>
        /// <returns>The turn, to be disposed of when it is decoded; null if it needs none.</returns>
        public async ValueTask<IDisposable?> TurnAsync(int length, CancellationToken cancellationToken)
        {
            if (length <= LargeBody)
                return null;
            _leases.Add(await limits._decoded.AcquireAsync(Math.Min(length, DecodedBytes), cancellationToken));
            return await limits._turns.AcquireAsync(1, cancellationToken);
        }

        public void Dispose()
        {
            foreach (var lease in _leases)
                lease.Dispose();
            place?.Dispose();
        }
    }
}
