using Microsoft.AspNetCore.Http;

namespace FopWatch.Api;

/// <summary>
/// Ends a request that waits as if its caller had left, once keys were replaced and its caller may no longer do what it could. Who follows events for days
/// would otherwise follow them with a key that was removed.
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

    /// <summary>Whether it has ended the request.</summary>
    public bool HasEnded { get; private set; }

    /// <summary>Makes one for a request that waits; null for any other, or where keys do not change.</summary>
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
                _registration = replaced.UnsafeRegister(static lease => ((CallerLease)lease!).Look(), this);
                return;
            }

            HasEnded = true;
            _ended.Cancel();
        }
    }
}
