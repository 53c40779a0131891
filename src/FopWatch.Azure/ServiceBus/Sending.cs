using System.Runtime.ExceptionServices;
using Azure.Messaging.ServiceBus;
using FopWatch.Jobs;
using FopWatch.Publishing;

namespace FopWatch.Azure.ServiceBus;

/// <summary>Sends the events of one call to the broker, batch by batch, and collects the results.</summary>
internal sealed class Sending(ServiceBusSender sender, ServiceBusMessageBatch first) : IDisposable
{
    private readonly List<(OutboxEvent Event, ServiceBusMessage Message)> _inBatch = [];
    private readonly List<OutboxEvent> _published = [];
    private readonly List<OutboxEvent> _refused = [];
    private readonly List<OutboxEvent> _heldBack = [];
    private readonly HashSet<JobKey> _refusedJobs = [];
    private ServiceBusMessageBatch _batch = first;
    private Exception? _firstFailure;

    public bool IsEmpty => _inBatch.Count == 0;

    /// <summary>The events that the broker has accepted.</summary>
    public IReadOnlyList<OutboxEvent> Published => _published;

    public void Dispose() => _batch.Dispose();

    public void Use(ServiceBusMessageBatch next)
    {
        _batch.Dispose();
        _batch = next;
    }

    /// <summary>Whether an earlier event of the same job was refused, so that this one must not be sent.</summary>
    public bool IsHeldBack(OutboxEvent one)
    {
        if (!_refusedJobs.Contains(one.Key))
            return false;
        _heldBack.Add(one);
        return true;
    }

    public void Refuse(OutboxEvent one, Exception? failure)
    {
        _refused.Add(one);
        _refusedJobs.Add(one.Key);
        _firstFailure ??= failure;
    }

    public bool TryAdd(OutboxEvent one, ServiceBusMessage message)
    {
        if (!_batch.TryAddMessage(message))
            return false;
        _inBatch.Add((one, message));
        return true;
    }

    /// <summary>Sends the batch. If the broker refuses it because of its content, sends its events one by one.</summary>
    public async ValueTask SendAsync(CancellationToken cancellationToken)
    {
        if (IsEmpty)
            return;

        try
        {
            await sender.SendMessagesAsync(_batch, cancellationToken);
            _published.AddRange(_inBatch.Select(one => one.Event));
        }
        catch (Exception refusal) when (IsOfAnEvent(refusal))
        {
            await SendOneByOneAsync(refusal, cancellationToken);
        }

        _inBatch.Clear();
    }

    /// <exception cref="UnpublishableEventsException">Some were refused.</exception>
    public void ThrowIfRefused()
    {
        if (_refused.Count == 0)
            return;
        throw new UnpublishableEventsException(
            $"{_refused.Count} events are larger than {_batch.MaxSizeInBytes} bytes even reduced, damaged, or refused by the broker: "
            + $"{string.Join(", ", _refused.Select(one => one.Id))}.",
            _refused,
            _firstFailure,
            _heldBack);
    }

    private async ValueTask SendOneByOneAsync(Exception refusal, CancellationToken cancellationToken)
    {
        if (_inBatch is [var only])
        {
            RefuseUnlessBroken([(only.Event, refusal)]);
            return;
        }

        var accepted = 0;
        var (refused, heldBack) = (new List<(OutboxEvent Event, Exception Failure)>(), new List<OutboxEvent>());
        foreach (var (one, message) in _inBatch)
        {
            if (refused.Exists(other => other.Event.Key == one.Key))
            {
                heldBack.Add(one);
                continue;
            }

            try
            {
                await sender.SendMessageAsync(message, cancellationToken);
                _published.Add(one);
                accepted++;
            }
            catch (Exception failure) when (IsOfAnEvent(failure))
            {
                refused.Add((one, failure));
            }
        }

        // If the broker refuses events of several jobs and accepts none, the broker is at fault, and the events wait.
        if (accepted == 0 && refused.Count > 1)
            ExceptionDispatchInfo.Throw(refusal);
        if (accepted == 0)
            RefuseUnlessBroken(refused);
        else
            refused.ForEach(one => Refuse(one.Event, one.Failure));
        _heldBack.AddRange(heldBack);
    }

    /// <summary>
    /// Counts failures as refusals if no other event was accepted in between. A failure unrelated to the event is the broker's own, unless the event was
    /// refused before while others were accepted.
    /// </summary>
    private void RefuseUnlessBroken(List<(OutboxEvent Event, Exception Failure)> refused)
    {
        foreach (var (one, failure) in refused)
        {
            if (one.Refusals == 0 && failure is ServiceBusException { Reason: ServiceBusFailureReason.GeneralError })
                ExceptionDispatchInfo.Throw(failure);
            Refuse(one, failure);
        }
    }

    /// <summary>
    /// Whether the content of an event may have caused a failure. The SDK has already retried transient failures, and has separate reasons for the
    /// broker's own.
    /// </summary>
    private static bool IsOfAnEvent(Exception failure) => failure switch
    {
        ServiceBusException { Reason: ServiceBusFailureReason.MessageSizeExceeded or ServiceBusFailureReason.GeneralError } => true,
        ObjectDisposedException => false,
        _ => failure is InvalidOperationException or ArgumentException or NotSupportedException,
    };
}
