using Azure.Core;
using Azure.Messaging.ServiceBus;

namespace FopWatch.Azure.ServiceBus;

/// <summary>A Service Bus and the identity to use with it.</summary>
public sealed class ServiceBusConnection
{
    private readonly Func<ServiceBusClientOptions, ServiceBusClient> _open;

    private ServiceBusConnection(string host, Func<ServiceBusClientOptions, ServiceBusClient> open)
    {
        Host = host;
        _open = open;
    }

    /// <summary>The host name, for logs.</summary>
    public string Host { get; }

    /// <summary>A namespace in Azure, with an identity instead of a key.</summary>
    /// <param name="fullyQualifiedNamespace">For example <c>contoso.servicebus.windows.net</c>.</param>
    /// <param name="credential">Usually <c>DefaultAzureCredential</c>. To publish, it needs the role Azure Service Bus Data Sender on the topic.</param>
    /// <exception cref="ArgumentException"><paramref name="fullyQualifiedNamespace"/> is not a host name.</exception>
    public static ServiceBusConnection ToNamespace(string fullyQualifiedNamespace, TokenCredential credential)
    {
        ArgumentNullException.ThrowIfNull(credential);
        if (Uri.CheckHostName(fullyQualifiedNamespace) != UriHostNameType.Dns)
            throw new ArgumentException($"'{fullyQualifiedNamespace}' is not a host name such as contoso.servicebus.windows.net.", nameof(fullyQualifiedNamespace));

        return new(fullyQualifiedNamespace, options => new(fullyQualifiedNamespace, credential, options));
    }

    /// <summary>
    /// An emulator on this machine or in a container, by its connection string. It must contain <c>UseDevelopmentEmulator=true</c>: keys are not accepted
    /// for Azure, because an identity needs no secret that could leak.
    /// </summary>
    /// <param name="connectionString">For example <c>Endpoint=sb://localhost;SharedAccessKeyName=…;SharedAccessKey=…;UseDevelopmentEmulator=true</c>.</param>
    /// <exception cref="ArgumentException">It is not an emulator's connection string. The message does not repeat it.</exception>
    public static ServiceBusConnection ToEmulator(string connectionString)
    {
        ServiceBusConnectionStringProperties parsed;
        try
        {
            parsed = ServiceBusConnectionStringProperties.Parse(connectionString);
        }
        catch (FormatException e)
        {
            throw new ArgumentException("The value is not a Service Bus connection string.", nameof(connectionString), e);
        }

        var saysEmulator = connectionString.Split(';', StringSplitOptions.TrimEntries)
            .Contains("UseDevelopmentEmulator=true", StringComparer.OrdinalIgnoreCase);
        if (!saysEmulator)
        {
            throw new ArgumentException(
                "The connection string does not contain UseDevelopmentEmulator=true. For a namespace in Azure, give its name; the identity of the host is used.",
                nameof(connectionString));
        }

        return new(parsed.Endpoint.Authority, options => new(connectionString, options));
    }

    internal ServiceBusClient Open(ServiceBusRetryOptions retry) => _open(new() { Identifier = "fopwatch", RetryOptions = retry });
}
