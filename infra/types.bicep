// The shapes of what a team writes into a .bicepparam file, and of what main.bicep hands on.

@export()
@description('Tags: names and values.')
type Tags = {
  @description('A value, by its name.')
  *: string
}

@export()
@description('One account at one provider. Its tokens and keys are secrets in the Key Vault; here are only their names.')
type Source = {
  @description('The name, part of every URL: letters, digits and single underscores. No hyphen: names of app settings cannot hold one.')
  @minLength(1)
  @maxLength(64)
  name: string

  @description('What the provider speaks.')
  provider: 'Qiniu' | 'WangsuFmgr' | 'WangsuFops'

  @description('Base URL of the status API. Wangsu needs it (the MgrDomain of the account); Qiniu has https://api.qiniu.com.')
  statusEndpoint: string?

  @description('Base URL of the status API of workflows V3, Qiniu only. Default: https://dora.qiniuapi.com. Asked with a key of keySecrets.')
  workflowEndpoint: string?

  @description('The names of the secrets that hold notify tokens. Every one of them is right: two while one is being rotated.')
  @minLength(1)
  @maxLength(8)
  notifyTokenSecrets: string[]

  @description('The names of the secrets that hold the access and secret keys of the key ring. Every pair is right.')
  @maxLength(16)
  keySecrets: KeySecrets[]?

  @description('Where buckets are served: gives outputs without a URL of the provider\'s their url. Default: none.')
  domains: Domain[]?

  @description('The buckets whose jobs count. Reports about others are kept in quarantine, or not recorded. Default: any.')
  @minLength(1)
  @maxLength(64)
  buckets: string[]?

  @description('The pipelines whose jobs count, Qiniu only, as "1381556928.video" or "video". Default: any.')
  @minLength(1)
  @maxLength(64)
  pipelines: string[]?

  @description('What may settle a job. Default: Signature.')
  trust: ('Signature' | 'Token')?

  @description('When the status API is asked. Defaults: the provider\'s.')
  poll: PollSettings?
}

@description('The names of the two secrets of one pair of keys.')
type KeySecrets = {
  @description('The secret that holds the access key.')
  accessKey: string

  @description('The secret that holds the secret key.')
  secretKey: string
}

@description('The domain that a bucket is served under.')
type Domain = {
  @description('The bucket.')
  @minLength(1)
  bucket: string

  @description('An http or https URL without a query, for example https://cdn.example.com. It may have a path.')
  @minLength(1)
  url: string
}

@description('When the status API of a source is asked. Times are [d.]hh:mm:ss.')
type PollSettings = {
  @description('From registration to the first poll.')
  first: string?

  @description('How much longer each wait is than the one before, for example "1.5".')
  factor: string?

  @description('The longest wait between two polls.')
  max: string?

  @description('From registration to the last poll, after which a job without an outcome expires.')
  deadline: string?

  @description('The most polls a second for the whole source, for example "10".')
  perSecond: string?

  @description('Learned or Fixed: whether polls are timed by how long the jobs of the source took.')
  plan: ('Learned' | 'Fixed')?

  @description('The mean number of polls a job by a learned plan, for example "3". Without it, as many as by the fixed plan.')
  perJob: string?
}

@export()
@description('An API key and what its holder may do. The key is a secret in the Key Vault; here is only the name of the secret.')
type ApiKey = {
  @description('The name of the key: letters, digits and single underscores. No hyphen: names of app settings cannot hold one.')
  @minLength(1)
  @maxLength(64)
  name: string

  @description('The name of the secret that holds the key.')
  keySecret: string

  @description('Read: see. Write: see, register and act.')
  rights: 'Read' | 'Write'

  @description('The sources that the holder sees. Default: all.')
  @minLength(1)
  @maxLength(64)
  sources: string[]?
}

@export()
@description('One subscription of the topic.')
type Subscription = {
  @description('The name.')
  @minLength(1)
  @maxLength(50)
  name: string

  @description('What it gets: whatever any of these lets through. Default: every event.')
  @minLength(1)
  @maxLength(20)
  filters: Filter[]?

  @description('How often a message is delivered before it is dead-lettered. Default: 10.')
  maxDeliveryCount: int?
}

@description('A filter. A correlation filter compares for equality, costs little and is allowed in great numbers; SQL is for all else.')
@discriminator('kind')
type Filter = CorrelationFilter | SqlFilter

@description('Lets through what equals everything given here.')
type CorrelationFilter = {
  @description('Which filter this is.')
  kind: 'correlation'

  @description('The type of the event: fopwatch.job.settled, fopwatch.job.progressed or fopwatch.job.overdue.')
  label: string?

  @description('Values of application properties: source, provider, state, settledBy, bucket, pipeline.')
  properties: MessageProperties?
}

@description('Values of application properties, by the property.')
type MessageProperties = {
  @description('The value that the property has to have.')
  *: string
}

@description('Lets through what a condition holds for.')
type SqlFilter = {
  @description('Which filter this is.')
  kind: 'sql'

  @description('The condition, over application properties and system properties (sys.Label is the type of the event).')
  @maxLength(1024)
  expression: string
}

@export()
@description('Who may receive from a subscription.')
type Receiver = {
  @description('The object id of the identity in Entra.')
  @minLength(36)
  @maxLength(36)
  principalId: string

  @description('What kind of identity it is.')
  principalType: 'ServicePrincipal' | 'Group' | 'User'

  @description('The subscription, by name.')
  subscription: string
}

@export()
@description('Instances that are always there, so that nothing waits for one to start.')
type AlwaysReady = {
  @description('What for: http (all HTTP triggers), durable (the watches), or function:<name> for a timer.')
  name: string

  @description('How many.')
  @minValue(1)
  @maxValue(1000)
  instanceCount: int
}

@export()
@description('An identity that runs the deployment by hand and fills the Key Vault.')
type Operator = {
  @description('The object id of the identity in Entra.')
  principalId: string

  @description('What kind of identity it is. Leave it out where it is unknown: Azure then looks it up, and refuses a wrong one.')
  principalType: ('User' | 'Group' | 'ServicePrincipal')?
}

@export()
@description('What may be spent in a month before mails are sent: at 80 % of it, and when the forecast is above it.')
type Budget = {
  @description('The amount, in the currency of the subscription.')
  @minValue(1)
  amount: int

  @description('The first day of the month that it begins with, for example 2026-12-01. Fixed once there is a budget.')
  @minLength(10)
  @maxLength(10)
  from: string
}

@export()
@description('Where a provider is to notify of the jobs of one source.')
type NotifyUrl = {
  @description('The source.')
  source: string

  @description('The URL, with <token> in the place of the token.')
  url: string

  @description('The secrets that hold tokens.')
  tokenSecrets: string[]
}

@export()
@description('The ids of private DNS zones, by what a private endpoint calls the service.')
type ZoneIds = {
  @description('Blobs.')
  blob: string

  @description('Queues.')
  queue: string

  @description('Tables.')
  table: string

  @description('Service Bus.')
  namespace: string

  @description('Key Vault.')
  vault: string

  @description('Function apps.')
  sites: string
}
