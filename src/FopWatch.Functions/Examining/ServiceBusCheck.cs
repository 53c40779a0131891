using Azure.Messaging.ServiceBus;
using FopWatch.Azure.ServiceBus;
using FopWatch.Diagnosis;
using FopWatch.Wording;

namespace FopWatch.Functions.Examining;

/// <summary>Checks that the topic accepts events. Opens a sender link, and sends nothing.</summary>
/// <param name="publisher">The publisher; null if there is no Service Bus.</param>
/// <param name="topic">The name of the topic.</param>
internal sealed class ServiceBusCheck(ServiceBusPublisher? publisher, string topic) : IDoctorCheck
{
    private static readonly Sentence Why = $"Outcomes are recorded, and their events stay in the outbox until they can be published.";

    public IEnumerable<DoctorStep> Steps => [new(DoctorCheck.ServiceBus, null, ExamineAsync) { TooSlow = _ => Unreachable($"does not answer") }];

    /// <summary>The finding for a failure; null for a failure that is not Service Bus's.</summary>
    internal static DoctorFinding? Explain(Exception failure, string topic) => failure switch
    {
        UnauthorizedAccessException => Trouble(
            $"The identity of the app may not send to the topic '{topic}'.", $"Give it the role Azure Service Bus Data Sender on the topic or the namespace. A new role takes effect after some minutes."),
        ServiceBusException { Reason: ServiceBusFailureReason.MessagingEntityNotFound } => Trouble(
            $"There is no topic '{topic}' in the namespace.", $"Create it, or correct FopWatch:ServiceBus:Topic. infra/ has a template."),
        ServiceBusException { Reason: ServiceBusFailureReason.MessagingEntityDisabled } => Trouble($"The topic '{topic}' is disabled.", $"Enable it."),
        ServiceBusException { Reason: ServiceBusFailureReason.QuotaExceeded } => Trouble(
            $"The topic '{topic}' is full.", $"Empty or delete unread subscriptions, and their dead letters."),
        ServiceBusException { Reason: ServiceBusFailureReason.ServiceBusy } => Finding(DoctorLevel.Warning, $"The namespace is busy.", Why, $"Run the check again. If the finding persists, choose a larger tier."),
        ServiceBusException => Unreachable($"cannot be reached"),
        _ when IsOfIdentity(failure.GetType()) => Trouble(
            $"The app has no identity for Service Bus.", $"Give the app a managed identity, and set AZURE_CLIENT_ID to its client id if it is a user-assigned one."),
        System.Net.Sockets.SocketException or IOException or TimeoutException => Unreachable($"cannot be reached"),
        _ => null,
    };

    private async Task<IReadOnlyList<DoctorFinding>> ExamineAsync(CancellationToken cancellationToken)
    {
        if (publisher is null)
        {
            return
            [
                Finding(
                    DoctorLevel.Warning, $"No Service Bus is configured, so events stay in the outbox.", $"Subscribers get no events. Applications can query jobs over HTTP.",
                    $"Set FopWatch:ServiceBus:Namespace."),
            ];
        }

        try
        {
            await publisher.ProveAsync(cancellationToken);
            return [Finding(DoctorLevel.Pass, $"The topic '{topic}' lets this app send.", null, null)];
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested && Explain(failure, topic) is { } finding)
        {
            return [finding];
        }
    }

    private static DoctorFinding Unreachable(Sentence how) => Trouble(
        $"The namespace of Service Bus {how}.", $"Check FopWatch:ServiceBus:Namespace, its network rules, and that port 5671 is open to it.");

    private static bool IsOfIdentity(Type? type) =>
        type is not null && (type.FullName == "Azure.Identity.AuthenticationFailedException" || IsOfIdentity(type.BaseType));

    private static DoctorFinding Trouble(Sentence what, Sentence fix) => Finding(DoctorLevel.Trouble, what, Why, fix);

    private static DoctorFinding Finding(DoctorLevel level, Sentence what, Sentence? why, Sentence? fix) =>
        new() { Check = DoctorCheck.ServiceBus, Level = level, What = what, Why = why, Fix = fix };
}
