using System.Net.Sockets;
using Azure.Messaging.ServiceBus;
using FopWatch.Contracts;

namespace FopWatch.Subscriber;

/// <summary>Receives the events of one subscription and passes new versions of jobs to a handler. Old versions are skipped.</summary>
/// <remarks>
/// <list type="bullet">
/// <item>A message that cannot be parsed is dead-lettered with the reason: it would not be readable next time either, and must not be
/// lost.</item>
/// <item>An event that is old or was handled is completed.</item>
/// <item>If the handler fails, the message is abandoned after a pause, and is delivered again. After MaxDeliveryCount deliveries, the broker
/// dead-letters it.</item>
/// </list>
/// </remarks>
/// <param name="client">The connection; the caller closes it.</param>
/// <param name="options">What to receive.</param>
/// <param name="handle">Handles an event. It can be called again with the same event. When its token is cancelled, it should end soon, finished or not.</param>
/// <param name="output">Receives one line for everything that happens.</param>
/// <param name="time">The clock of the pauses.</param>
internal sealed class JobEventSubscriber(
    ServiceBusClient client,
    SubscriberOptions options,
    Func<JobEvent, CancellationToken, Task> handle,
    TextWriter output,
    TimeProvider time)
{
    private const string UnreadableReason = "Unreadable";

    // Settling a message is fast, and a stop must not cause a handled message to be delivered again.
    private static readonly CancellationToken Always = CancellationToken.None;

    /// <summary>The SDK reports a failed connection once per concurrent receiver. Reports within this time count as one retry.</summary>
    private static readonly TimeSpan SameRetry = TimeSpan.FromSeconds(2);

    private readonly KnownVersions _known = new();
    private readonly Lock _troubleLock = new();
    private (string? Text, long At) _trouble;

    /// <summary>Receives until cancelled. Then it finishes the events in progress and returns.</summary>
    /// <exception cref="ServiceBusException">The subscription does not exist.</exception>
    /// <exception cref="UnauthorizedAccessException">The identity has no permission to receive.</exception>
    public async Task RunAsync(CancellationToken stopping)
    {
        var fatal = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var processor = client.CreateProcessor(options.Topic, options.Subscription, new()
        {
            // Settled here, so that only handled messages are completed.
            AutoCompleteMessages = false,
            MaxConcurrentCalls = options.Concurrency,

            // The lock is renewed for this long. No handler should take longer.
            MaxAutoLockRenewalDuration = TimeSpan.FromMinutes(5),
        });
        processor.ProcessMessageAsync += OnMessageAsync;
        processor.ProcessErrorAsync += error =>
        {
            // The processor retries after every failure, even one that retries cannot fix.
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
            output.WriteLine("stopping   after the events in progress");
        }

        // Cancels the handlers' token and waits for the handlers.
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
        UnauthorizedAccessException => "this identity has no permission to receive from the subscription",
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

        output.WriteLine($"error      {client.FullyQualifiedNamespace}: {text}; retrying");
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
            // It will be delivered again, and be old then.
            output.WriteLine($"lock lost  {one.Source} {one.Subject} version {one.Data.Version}");
        }
        catch (OperationCanceledException) when (args.CancellationToken.IsCancellationRequested)
        {
            // Not abandoned: another instance receives it when its lock expires. An abandoned message would return to this instance at
            // once, for each open receive, and each delivery would count.
            output.WriteLine($"left       {one.Source} {one.Subject} version {one.Data.Version}");
        }
        catch (Exception e)
        {
            output.WriteLine($"failed     {one.Source} {one.Subject} version {one.Data.Version}, attempt {message.DeliveryCount}: {OneLine.Of(e.Message)}");
            await PauseAsync(message.DeliveryCount, args.CancellationToken);
            await args.AbandonMessageAsync(message, cancellationToken: Always);
        }
    }

    /// <summary>
    /// An abandoned message is delivered again at once. Without a pause, a fault of a few seconds would use up all its deliveries.
    /// </summary>
    private async Task PauseAsync(int attempt, CancellationToken stopping)
    {
        var pause = options.RetryPause * Math.Pow(2, Math.Min(attempt - 1, 5));
        try
        {
            await Task.Delay(pause, time, stopping);
        }
        catch (OperationCanceledException)
        {
            // Another instance will receive it.
        }
    }
}
