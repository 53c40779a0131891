using Grpc.Core;
using Grpc.Core.Interceptors;

namespace FopWatch.Functions.Tests;

/// <summary>Answers no call until it is cancelled.</summary>
internal sealed class HangingHub(bool hangs) : Interceptor
{
    private int _calls;
    private bool _hangs = hangs;

    /// <summary>The number of calls while it hung.</summary>
    public int Calls => Volatile.Read(ref _calls);

    public void Begins() => Volatile.Write(ref _hangs, true);

    public void Ends() => Volatile.Write(ref _hangs, false);

    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
        TRequest request, ClientInterceptorContext<TRequest, TResponse> context, AsyncUnaryCallContinuation<TRequest, TResponse> continuation)
    {
        if (!Volatile.Read(ref _hangs))
            return continuation(request, context);

        Interlocked.Increment(ref _calls);
        return new(NeverAsync(), Task.FromResult(new Metadata()), () => Status.DefaultSuccess, () => [], () => { });

        async Task<TResponse> NeverAsync()
        {
            await Task.Delay(Timeout.Infinite, context.Options.CancellationToken).ContinueWith(_ => { }, TaskScheduler.Default);
            throw new RpcException(new Status(StatusCode.Cancelled, "It was cancelled."));
        }
    }
}
