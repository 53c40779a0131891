using System.Net.Sockets;
using Azure.Messaging.ServiceBus;
using FopWatch.Contracts;

namespace FopWatch.Subscriber;

/// <summary>
/// Receives the events of one subscription and hands each job's news to a handler: the newest version once, old ones not at all.
/// </summary>
/// <remarks>
/// <list type="bullet">
/// <item>What cannot be parsed is dead-lettered with the reason: it will not be readable next time either, and must not be lost.</item>
/// <item>What is old, or was handled, is completed.</item>
/// <item>Where the handler fails, the message is abandoned after a pause, and comes again. When it has come as often as the subscription
/// allows (MaxDeliveryCount), the broker dead-letters it.</item>
/// </list>
/// </remarks>
/// <param name="client">The connection; the caller closes it.</param>
/// <param name="options">What to receive.</param>
/// <param name="handle">What to do with an event. It may be called again with the same one. When its token is cancelled it should end
/// soon, either way.</param>
/// <param name="output">Where everything that happens is written, a line each.</param>
/// <param name="time">The clock of the pauses.</param>
internal sealed class JobEventSubscriber(
    ServiceBusClient client,
    SubscriberOptions options,
    Func<JobEvent, CancellationToken, Task> handle,
    TextWriter output,
    TimeProvider time)
{
    private const string UnreadableReason = "Unreadable";

    // Settling takes moments, and a message that was handled should not come again because the process was asked to stop.
    private static readonly CancellationToken Always = CancellationToken.None;

    /// <summary>The SDK reports a failure of the connection once for each event that could be in hand: these are one retry.</summary>
    private static readonly TimeSpan SameRetry = TimeSpan.FromSeconds(2);

    private readonly KnownVersions _known = new();
    private readonly Lock _troubleLock = new();
    private (string? Text, long At) _trouble;

    /// <summary>Receives until it is cancelled; then finishes what it has begun and returns.</summary>
    /// <exception cref="ServiceBusException">The subscription does not exist.</exception>
    /// <exception cref="UnauthorizedAccessException">The identity may not receive from it.</exception>
    public async Task RunAsync(CancellationToken stopping)
    {
        var fatal = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var processor = client.CreateProcessor(options.Topic, options.Subscription, new()
        {
            // Settled here, so that nothing is completed that was not handled.
            AutoCompleteMessages = false,
            MaxConcurrentCalls = options.Concurrency,

            // Longer than any handler should take: until then the lock is renewed.
            MaxAutoLockRenewalDuration = TimeSpan.FromMinutes(5),
        });
        processor.ProcessMessageAsync += OnMessageAsync;
        processor.ProcessErrorAsync += error =>
        {
            // The processor goes on by itself after everything, also after what no waiting cures.
            WriteTrouble(Explain(error.Exception));
            if (error.Exception is UnauthorizedAccessException or ServiceBusException { Reason: ServiceBusFailureReason.MessagingEntityNotFound })
                fatal.TrySetException(error.Exception);
            return Task.CompletedTask;
        };

        await processor.StartProcessingAsync(stopping);
        output.WriteLine($"listening  {options.Topic}/{options.Subscription}");
        try
        {
            await fatal.Task.WaitAsync(stopping);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            output.WriteLine("stopping   after the events in hand");
        }

        // Cancels the handlers' token, and waits for them.
        await processor.StopProcessingAsync(Always);
        if (fatal.Task.IsFaulted)
            await fatal.Task;
    }

    private static string Explain(Exception failure) => failure switch
    {
        ServiceBusException { Reason: ServiceBusFailureReason.ServiceCommunicationProblem } => "the bus cannot be reached",
        ServiceBusException { Reason: ServiceBusFailureReason.ServiceTimeout } or TimeoutException => "the bus does not answer in time",
        ServiceBusException { Reason: ServiceBusFailureReason.ServiceBusy } => "the bus is busy",
        ServiceBusException { Reason: ServiceBusFailureReason.MessagingEntityNotFound } => "there is no such topic or subscription",
        UnauthorizedAccessException => "this identity may not receive from the subscription",
        SocketException or IOException => "the bus cannot be reached",
        _ => OneLine.Of(failure.Message),
    };

    private void WriteTrouble(string text)
    {
        lock (_troubleLock)
        {
            if (_trouble.Text == text && time.GetElapsedTime(_trouble.At) < SameRetry)
                return;
            _trouble = (text, time.GetTimestamp());
        }

        output.WriteLine($"error      {client.FullyQualifiedNamespace}: {text}; trying again");
    }

    private async Task OnMessageAsync(ProcessMessageEventArgs args)
    {
        var message = args.Message;
        if (!JobEvent.TryParse(message.Body.ToMemory(), out var one, out var reason))
        {
            await args.DeadLetterMessageAsync(message, UnreadableReason, reason, Always);
            output.WriteLine($"unreadable {message.MessageId}: dead-lettered");
            return;
        }

        try
        {
            var handled = await _known.HandleIfNewerAsync(one, handle, args.CancellationToken);
            await args.CompleteMessageAsync(message, Always);
            if (!handled)
                output.WriteLine($"old        {one.Source} {one.Subject} version {one.Data.Version}");
        }
        catch (ServiceBusException e) when (e.Reason == ServiceBusFailureReason.MessageLockLost)
        {
            // It comes again, and is old then.
            output.WriteLine($"lock lost  {one.Source} {one.Subject} version {one.Data.Version}");
        }
        catch (OperationCanceledException) when (args.CancellationToken.IsCancellationRequested)
        {
            // Left as it is: when its lock runs out, another instance gets it. Abandoned, it would come straight back to this one,
            // once for each receive that is still open, and every time would count against it.
            output.WriteLine($"left       {one.Source} {one.Subject} version {one.Data.Version}");
        }
        catch (Exception e)
        {
            output.WriteLine($"failed     {one.Source} {one.Subject} version {one.Data.Version}, attempt {message.DeliveryCount}: {OneLine.Of(e.Message)}");
            await PauseAsync(message.DeliveryCount, args.CancellationToken);
            await args.AbandonMessageAsync(message, cancellationToken: Always);
        }
    }

    /// <summary>An abandoned message comes again at once: without a pause a fault of seconds would use up all its attempts.</summary>
    private async Task PauseAsync(int attempt, CancellationToken stopping)
    {
        var pause = options.RetryPause * Math.Pow(2, Math.Min(attempt - 1, 5));
        try
        {
            await Task.Delay(pause, time, stopping);
        }
        catch (OperationCanceledException)
        {
            // It is for another instance now.
        }
    }
}
