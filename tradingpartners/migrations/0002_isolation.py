from django.db import migrations

from practice.isolation import Isolate


class Migration(migrations.Migration):
    dependencies = [("tradingpartners", "0001_initial")]

    operations = [
        Isolate("TradingPartner", dispatched=True),
        Isolate("Route"),
        Isolate("ControlNumber"),
        Isolate("TradingPartnerHistory"),
        Isolate("RouteHistory"),
        Isolate("Dispatch", dispatched=True),
        Isolate("Payload"),
        Isolate("PayloadChunk"),
        Isolate("Interchange", dispatched=True),
        Isolate("InterchangeHistory"),
        Isolate("Transaction", dispatched=True),
        Isolate("TransactionHistory"),
        Isolate("InboundDelivery", dispatched=True),
        Isolate("InboundFile"),
        Isolate("TransportLog"),
    ]
