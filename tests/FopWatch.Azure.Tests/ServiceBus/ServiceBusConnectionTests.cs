using Azure.Core;
using FopWatch.Azure.ServiceBus;

namespace FopWatch.Azure.Tests.ServiceBus;

public sealed class ServiceBusConnectionTests
{
    [Theory]
    [InlineData("Endpoint=sb://contoso.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey=c2VjcmV0")]
    [InlineData("Endpoint=sb://contoso.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey=c2VjcmV0;UseDevelopmentEmulator=false")]
    [InlineData("SharedAccessKey=c2VjcmV0")]
    [InlineData("c2VjcmV0")]
    public void A_connection_string_is_for_an_emulator_only_and_an_invalid_one_is_not_repeated(string connectionString)
    {
        var thrown = Assert.Throws<ArgumentException>(() => ServiceBusConnection.ToEmulator(connectionString));

        Assert.DoesNotContain("c2VjcmV0", thrown.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void An_emulators_connection_string_is_accepted()
    {
        var connection = ServiceBusConnection.ToEmulator("Endpoint=sb://localhost:5672;SharedAccessKeyName=x;SharedAccessKey=y;UseDevelopmentEmulator=true;");

        Assert.Equal("localhost:5672", connection.Host);
    }

    [Theory]
    [InlineData("")]
    [InlineData("sb://contoso.servicebus.windows.net")]
    [InlineData("Endpoint=sb://contoso.servicebus.windows.net/")]
    public void A_namespace_is_a_host_name(string name)
    {
        Assert.Throws<ArgumentException>(() => ServiceBusConnection.ToNamespace(name, new NoCredential()));
        Assert.Equal("contoso.servicebus.windows.net", ServiceBusConnection.ToNamespace("contoso.servicebus.windows.net", new NoCredential()).Host);
    }

    [Theory]
    [InlineData("", null, null)]
    [InlineData("topic", "ftp://hooks.example.com", null)]
    [InlineData("topic", "/relative", null)]
    [InlineData("topic", null, 1024)]
    public void Invalid_options_are_refused_before_anything_is_published(string topic, string? publicUrl, int? maxMessageBytes)
    {
        var connection = ServiceBusConnection.ToEmulator("Endpoint=sb://localhost;SharedAccessKeyName=x;SharedAccessKey=y;UseDevelopmentEmulator=true");

        Assert.Throws<ArgumentException>(() => new ServiceBusPublisher(connection, new()
        {
            TopicName = topic,
            ApiUrl = publicUrl is null ? null : new(publicUrl, UriKind.RelativeOrAbsolute),
            MaxMessageBytes = maxMessageBytes,
        }));
    }

    private sealed class NoCredential : TokenCredential
    {
        public override AccessToken GetToken(TokenRequestContext requestContext, CancellationToken cancellationToken) => throw new NotSupportedException();

        public override ValueTask<AccessToken> GetTokenAsync(TokenRequestContext requestContext, CancellationToken cancellationToken) => throw new NotSupportedException();
    }
}
