using Azure.Core;
using Azure.Core.Pipeline;
using FopWatch.Clocks;

namespace FopWatch.Azure.Tables;

/// <summary>Sets a clock from the answers of the storage service, whose time all instances of an app share.</summary>
/// <param name="time">The clock.</param>
public sealed class ServiceTime(SteadyTime time) : HttpPipelineSynchronousPolicy
{
    /// <inheritdoc/>
    public override void OnReceivedResponse(HttpMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        if (message.HasResponse && message.Response.Headers.Date is { } date)
            time.Observe(date);
    }
}
