using Microsoft.AspNetCore.Http;

namespace FopWatch.Api;

/// <summary>
/// Ends a waiting request, as if its caller had left, when a reload of the keys removes or narrows its key. Otherwise a client that follows events
/// for days would keep the rights of a removed key.
/// </summary>
internal sealed class CallerLease : IDisposable
{
    private readonly Lock _lock = new();
    private readonly HttpContext _context;
    private readonly IAccessGuard _guard;
    private readonly Caller _caller;
    private readonly CancellationToken _aborted;
    private readonly CancellationTokenSource _ended;
    private CancellationTokenRegistration _registration;
    private bool _isOver;

    private CallerLease(HttpContext context, IAccessGuard guard, Caller caller)
    {
        (_context, _guard, _caller, _aborted) = (context, guard, caller, context.RequestAborted);
        _ended = CancellationTokenSource.CreateLinkedTokenSource(_aborted);
        context.RequestAborted = _ended.Token;
        Look();
    }

    public bool HasEnded { get; private set; }

    /// <summary>Null for a request that does not wait, or if keys cannot change.</summary>
    public static CallerLease? Of(HttpContext context, IAccessGuard guard, RequestKind kind) =>
        context.User is Caller caller && guard.Replaced.CanBeCanceled && Admission.IsWaiting(context.Request, kind) ? new(context, guard, caller) : null;

    public void Dispose()
    {
        lock (_lock)
        {
            _isOver = true;
            _registration.Unregister();
            _context.RequestAborted = _aborted;
            _ended.Dispose();
        }
    }

    private void Look()
    {
        lock (_lock)
        {
            if (_isOver)
                return;
            var replaced = _guard.Replaced;
            if (_guard.CallerOf(_context.Request) is { } now && now.MayDoAs(_caller))
            {
                // If the keys were replaced meanwhile, the callback has run already and has made the registration that counts.
                var registration = replaced.UnsafeRegister(static lease => ((CallerLease)lease!).Look(), this);
                if (!replaced.IsCancellationRequested)
                    _registration = registration;
                return;
            }

            HasEnded = true;
            _ended.Cancel();
        }
    }
}
