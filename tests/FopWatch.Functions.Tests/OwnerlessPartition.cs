using System.Collections.Concurrent;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Protobuf = Microsoft.DurableTask.Protobuf;

namespace FopWatch.Functions.Tests;

/// <summary>
/// A partition of the task hub without an owner, simulated on the wire: its instances exist but make no step, and messages to them are not read.
/// </summary>
internal sealed class OwnerlessPartition(TimeProvider time) : Interceptor
{
    private readonly ConcurrentDictionary<string, Timestamp> _instances = new(StringComparer.Ordinal);

    /// <summary>Adds instances whose last step was now.</summary>
    public void Add(IEnumerable<string> instances)
    {
        foreach (var instance in instances)
            _instances[instance] = Timestamp.FromDateTimeOffset(time.GetUtcNow());
    }

    public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(
        TRequest request, ClientInterceptorContext<TRequest, TResponse> context, AsyncUnaryCallContinuation<TRequest, TResponse> continuation)
    {
        return request switch
        {
            Protobuf.CreateInstanceRequest start when _instances.ContainsKey(start.InstanceId) =>
                Answer(Task.FromException<TResponse>(new RpcException(new Status(StatusCode.AlreadyExists, "It runs.")))),
            Protobuf.GetInstanceRequest look when _instances.TryGetValue(look.InstanceId, out var since) => Answer(Done(StateOf(look.InstanceId, since))),
            Protobuf.RaiseEventRequest raise when _instances.ContainsKey(raise.InstanceId) => Answer(Done(new Protobuf.RaiseEventResponse())),
            Protobuf.TerminateRequest end when _instances.ContainsKey(end.InstanceId) => Answer(Done(new Protobuf.TerminateResponse())),
            _ => continuation(request, context),
        };

        static Task<TResponse> Done(object answer) => Task.FromResult((TResponse)answer);

        static AsyncUnaryCall<TResponse> Answer(Task<TResponse> answer) =>
            new(answer, Task.FromResult(new Metadata()), () => Status.DefaultSuccess, () => [], () => { });
    }

    private static Protobuf.GetInstanceResponse StateOf(string instanceId, Timestamp since) => new()
    {
        Exists = true,
        OrchestrationState = new()
        {
            InstanceId = instanceId,
            Name = Watching.WatchJob.Name,
            OrchestrationStatus = Protobuf.OrchestrationStatus.Pending,
            CreatedTimestamp = since,
            LastUpdatedTimestamp = since,
        },
    };
}
